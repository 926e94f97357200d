// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"sync"
	"time"
)

// Op names an operation of the service.
type Op string

// The operations.
const (
	OpLogin            Op = "login"
	OpIdentity         Op = "identity"
	OpSign             Op = "sign"
	OpTimestamp        Op = "timestamp"
	OpValidationPolicy Op = "validationpolicy"
	OpCertificatePath  Op = "certificate_path"
	OpTrustChain       Op = "trustchain"
	OpQuota            Op = "quotas"
	OpCounter          Op = "counters"
)

// Billed reports whether a 200 to this operation is taken off a contingent.
func (op Op) Billed() bool { return op == OpSign || op == OpTimestamp }

// Charge is what one exchange cost.
type Charge string

// The charges.
const (
	NotCharged    Charge = "no"
	Charged       Charge = "yes"
	ChargeUnknown Charge = "unknown"
)

// Call is one finished exchange with the service, for Config.Observe. It holds no secret.
type Call struct {
	Op       Op
	Method   string
	Path     string // identity and digest shortened
	Try      int    // from 1
	Started  time.Time
	Duration time.Duration
	Status   int  // 0: no answer
	Sent     bool // false: provably nothing left
	Charge   Charge
	Err      error // nil: status 200 and the whole body arrived; the answer may still turn out unusable
}

// Calls counts the exchanges of a client. Those that provably were not sent are not counted.
type Calls struct {
	Login            int `json:"login"`
	Identity         int `json:"identity"`
	Sign             int `json:"sign"`
	Timestamp        int `json:"timestamp"`
	ValidationPolicy int `json:"validationpolicy"`
	CertificatePath  int `json:"certificate_path"`
	TrustChain       int `json:"trustchain"`
	Quota            int `json:"quotas"`
	Counter          int `json:"counters"`

	Charged Charges `json:"charged"` // certainly
	Unknown Charges `json:"unknown"` // perhaps
}

// Charges counts billed units.
type Charges struct {
	Signatures int `json:"signatures"`
	Timestamps int `json:"timestamps"`
}

// Total is the sum of both.
func (c Charges) Total() int { return c.Signatures + c.Timestamps }

// Total is the number of exchanges.
func (c Calls) Total() int {
	return c.Login + c.Identity + c.Sign + c.Timestamp + c.ValidationPolicy + c.CertificatePath + c.TrustChain +
		c.Quota + c.Counter
}

// Sub returns what happened since earlier.
func (c Calls) Sub(earlier Calls) Calls {
	return Calls{
		Login: c.Login - earlier.Login, Identity: c.Identity - earlier.Identity, Sign: c.Sign - earlier.Sign,
		Timestamp: c.Timestamp - earlier.Timestamp, ValidationPolicy: c.ValidationPolicy - earlier.ValidationPolicy,
		CertificatePath: c.CertificatePath - earlier.CertificatePath, TrustChain: c.TrustChain - earlier.TrustChain,
		Quota: c.Quota - earlier.Quota, Counter: c.Counter - earlier.Counter,
		Charged: c.Charged.sub(earlier.Charged), Unknown: c.Unknown.sub(earlier.Unknown),
	}
}

func (c Charges) sub(earlier Charges) Charges {
	return Charges{c.Signatures - earlier.Signatures, c.Timestamps - earlier.Timestamps}
}

// ledger keeps the counts.
type ledger struct {
	mu    sync.Mutex
	calls Calls
}

func (l *ledger) snapshot() Calls {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls
}

func (l *ledger) add(call *Call) {
	if !call.Sent {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.calls.of(call.Op)++
	switch call.Charge {
	case Charged:
		l.calls.Charged.count(call.Op)
	case ChargeUnknown:
		l.calls.Unknown.count(call.Op)
	case NotCharged:
	}
}

func (c *Charges) count(op Op) {
	if op == OpSign {
		c.Signatures++
	} else {
		c.Timestamps++
	}
}

func (c *Calls) of(op Op) *int {
	switch op {
	case OpLogin:
		return &c.Login
	case OpIdentity:
		return &c.Identity
	case OpSign:
		return &c.Sign
	case OpTimestamp:
		return &c.Timestamp
	case OpValidationPolicy:
		return &c.ValidationPolicy
	case OpCertificatePath:
		return &c.CertificatePath
	case OpTrustChain:
		return &c.TrustChain
	case OpQuota:
		return &c.Quota
	default:
		return &c.Counter
	}
}
