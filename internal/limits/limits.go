// SPDX-License-Identifier: Apache-2.0

// Package limits holds every bound on what is read from outside: sizes in bytes, depths and counts, each with the
// sentence that says where its number comes from.
package limits

import "time"

// Of the whole program.
const (
	// Memory is where garbage is collected harder rather than more memory taken: 256 MiB is what the most hostile file may
	// take, and what it leaves alive is below this. Ordinary documents need 10 to 40 MiB.
	Memory = 192 << 20
	// Stream bounds a PDF from standard input that is only read: cross-reference tables end at 10 GB (ten digits), and the
	// temporary disk should not be filled by what nobody reads.
	Stream = 16 << 30
	// FirstCollection is GOGC until garbage was collected once: it begins at 4 MiB for each hundred. A small document needs less
	// than 16 MiB in all, and 40 MiB is what a program with a large one may take.
	FirstCollection = 400
)

// Of settings and credentials (internal/config).
const (
	// CertificateFile bounds a file with certificates or keys: a system's whole bundle of roots has 250 KB.
	CertificateFile = 8 << 20
	// ConfigFile bounds a configuration file: two dozen settings, most of them paths.
	ConfigFile = 1 << 20
	// Secret bounds a secret: the service's are 40 characters, a password may be a sentence.
	Secret = 4 << 10
)

// Of the security store and of the search for evidence (pkg/ltv).
const (
	// StoreEntries bounds the streams read from a security store. Real ones hold fewer than 100; a document signed a
	// hundred times with a chain of its own each time stays below this.
	StoreEntries = 4096
	// StoreStream bounds one decoded stream of a security store: CRLs of 50 MB have been met, and none of that size
	// should be embedded.
	StoreStream = 32 << 20
	// StoreBytes bounds all decoded streams of a security store together.
	StoreBytes = 64 << 20
	// URLsPerCertificate bounds the places tried for one certificate and method. Real certificates name one or two.
	URLsPerCertificate = 4
	// ResponderDepth bounds how far the evidence about responders of responders is followed. Two is the most met:
	// a responder without id-pkix-ocsp-nocheck whose CRL its CA signs needs one.
	ResponderDepth = 3
	// Issuers bounds how often one chain is prolonged by a download: real chains have at most five certificates.
	Issuers = 8
	// Questions bounds what is asked online about one file: each signer, authority and responder needs one or two answers, and
	// ten signers of different CAs need about 60.
	Questions = 100
	// QuestionsTime bounds how long one file asks online: six places that are silent until FetchTimeout.
	QuestionsTime = 2 * time.Minute
	// EvidenceAtOnce bounds the certificates of one document that are looked up at the same time.
	EvidenceAtOnce = 8
)

// Certificates and evidence: internal/pkix and internal/cms.
const (
	// MaxCertificates bounds one bundle and one CMS certificate set. The largest real one seen in signed PDFs has 9.
	MaxCertificates = 256
	// MaxCertificateBundle bounds a file or download of certificates. A certificate is 1 to 2 kB, so this is far more
	// than MaxCertificates of them.
	MaxCertificateBundle = 2 << 20
	// MaxChain bounds a path from leaf to root. Real ones have 2 to 5 certificates.
	MaxChain = 12
	// MaxChainSteps bounds the signature checks while one chain is searched for among cross-certificates. Each step is
	// one RSA verification, well under a millisecond, so the search ends within a second.
	MaxChainSteps = 1000
	// SignaturesRemembered bounds the bytes of the good signatures that need not be computed with again, twice: one document
	// needs some twenty, each with what was signed and the key 0.7 to 4 kB, and those of a service, its TSA and their responders stay
	// among so many.
	SignaturesRemembered = 1 << 20
	// SignatureRemembered is the longest of them: what is left out are CRLs of more than a hundred entries.
	SignatureRemembered = 8 << 10
	// PairsRemembered are the newest certificates and issuers that are found by where their bytes are: one document has some ten.
	PairsRemembered = 32
	// CertificatesRemembered bounds the certificates that need not be parsed again, twice: one document has some ten, and
	// those of a service and its TSA stay among so many. Each costs up to three times CertificateRemembered.
	CertificatesRemembered = 128
	// CertificateRemembered is the longest of them: real ones have 0.5 to 2.5 kB.
	CertificateRemembered = 4 << 10
	// PiecesRemembered and PieceRemembered bound the pieces of a security store that are kept compressed, twice: as the
	// certificates above, and as many responses. CRLs are longer and rarely worth it.
	PiecesRemembered = 256
	PieceRemembered  = 4 << 10
	// MaxOCSPResponse bounds a response. Real ones are 0.5 to 3 kB; a responder that sends its chain adds some.
	MaxOCSPResponse = 256 << 10
	// MaxCRL bounds a revocation list. 505 kB is the largest of the signing services seen; a list of 50 MB is known
	// to turn a 120 kB file into 50 MB, which nobody wants embedded.
	MaxCRL = 10 << 20
	// MaxSignedData bounds the CMS of a signature. It can hold CRLs in an attribute, so it is more than MaxCRL.
	MaxSignedData = 16 << 20
	// CMSOpinion bounds the CMS shown to the second reader, which keeps some 100 bytes for each element of it. Real ones
	// are below 64 kB, and below 1 MB with CRLs in an attribute.
	CMSOpinion = 1 << 20
	// MaxTimestampToken bounds a token. Real ones are 2 to 8 kB, the larger with a chain of RSA-4096 certificates.
	MaxTimestampToken = 256 << 10
	// MaxDERDepth bounds the nesting of ASN.1. A CMS with a token with a certificate in it nests about 25 deep.
	MaxDERDepth = 64
	// MaxAttributes bounds each attribute set of a SignerInfo and the values of one attribute. CAdES defines about 30.
	MaxAttributes = 64
	// MaxRedirects bounds the redirects of a download of evidence: http to https and one to a mirror are seen.
	MaxRedirects = 3
	// FetchTimeout bounds one download of evidence, from dialling to the last byte.
	FetchTimeout = 20 * time.Second
	// ClockSkew is how far a responder's clock may be from ours (RFC 6960 section 4.2.2.1 leaves it open; Acrobat's
	// default is five minutes).
	ClockSkew = 5 * time.Minute
)

// Trusted lists: internal/trustlist. The largest of the European ones (Italy, Spain) have some 5 MB, 700 services and 100,000
// elements.
const (
	// TrustList bounds one list in bytes, six of the largest; TrustLists how many are read together: one for each member state
	// and more.
	TrustList  = 32 << 20
	TrustLists = 64
	// TrustListElements bounds the elements of a list, and TrustListDepth their nesting: criteria of qualifications may nest,
	// and stand at depth 12.
	TrustListElements = 512 << 10
	TrustListDepth    = 64
	// TrustListAttributes bounds the attributes of one element: the root has namespaces and three more.
	TrustListAttributes = 64
	// TrustListPrefixes bounds the namespaces that are in scope at once: real lists have up to 15, and each element
	// copies them when it is canonicalized.
	TrustListPrefixes = 32
	// TrustListServices, TrustListCertificates and TrustListPointers bound what a list names; the list of lists has 70 pointers
	// with two to four certificates each.
	TrustListServices     = 16 << 10
	TrustListCertificates = 32 << 10
	TrustListPointers     = 512
	// TrustListQualifiers bounds the kinds of qualifiers kept of a service: TS 119 612 has 20.
	TrustListQualifiers = 64
	// TrustListNotes bounds what is said about services of a list that are no anchors.
	TrustListNotes = 1000
	// TrustListReferences bounds what one signature of a list refers to: the list, its properties, its key.
	TrustListReferences = 8
)

// Of internal/inspect.
const (
	// InspectMetadata bounds decoded XMP: real ones have 1 to 20 kB, and some carry a thumbnail.
	InspectMetadata = 8 << 20
	// InspectRevisions bounds the revisions that are opened to count their objects: files signed 200 times have 400.
	InspectRevisions = 1024
)

// Of the PDF container (internal/pdf).
const (
	// PDFToken bounds a name, number or keyword in bytes. ISO 32000-1 Annex C gives 127 for names; names longer than
	// 1 KiB have been met.
	PDFToken = 32 << 10
	// PDFString bounds one decoded string: the /Contents of a signature, the longest string met, stays below 1 MiB.
	PDFString = 16 << 20
	// PDFDepth bounds arrays and dictionaries within each other; qpdf has the same number.
	PDFDepth = 500
	// PDFNodes bounds the parts of one object: a flat page tree of half a million pages has as many, since the two numbers of
	// a reference count.
	PDFNodes = 1<<20 + 64
	// PDFHeader is how far into a file its header may begin (ISO 32000-1, Annex H, note 13).
	PDFHeader = 1024
	// PDFTail is how far before the end of a file startxref is looked for. The standard's readers take 1024 bytes; servers
	// that append whole web pages have been met.
	PDFTail = 64 << 10
	// PDFSections bounds the cross-reference sections of a file: one for each time it was saved or signed.
	PDFSections = 4096
	// PDFEntries bounds the objects of a file: ISO 32000-1 Annex C gives 8,388,607. Each costs 8 bytes.
	PDFEntries = 8 << 20
	// PDFRows bounds the entries of all cross-reference sections together: a full table and as much in later revisions.
	PDFRows = 2 * PDFEntries
	// PDFSharedRows is how many cross-reference entries the original has at least before whoever opens the finished file takes
	// them over: reading and checking fewer costs some milliseconds, of millions as much as copying the file.
	PDFSharedRows = 50_000
	// PDFAbsent bounds the numbers remembered because something refers to them and no object has them: a handful, where
	// there are any.
	PDFAbsent = 1 << 16
	// PDFObjectNumber is the highest number given to a new object where the file permits: the same figure of Annex C,
	// beyond which MuPDF refuses.
	PDFObjectNumber = 8388607
	// PDFCacheObjects and PDFCacheBytes bound the cache of objects: their number, and the bytes they took in the file.
	PDFCacheObjects = 4096
	PDFCacheBytes   = 512 << 10
	// PDFObjectStream bounds one decoded object stream. Writers put 100 to 200 objects in one, some put all in one:
	// 9 MiB is the largest met.
	PDFObjectStream = 32 << 20
	// PDFPackedObjects bounds the objects of one object stream: two million with numbers and places of their own do not fit in
	// PDFObjectStream.
	PDFPackedObjects = 2 << 20
	// PDFObjectStreamCache bounds the decoded object streams that are kept, besides the last one used. Where one that was
	// given up is needed again the bound grows by its size, to PDFObjectStreamCacheMost.
	PDFObjectStreamCache     = 2 << 20
	PDFObjectStreamCacheMost = 40 << 20
	// PDFExtends bounds the object streams that extend each other.
	PDFExtends = 32
	// PDFFilters bounds the filters of one stream. Real ones have at most three.
	PDFFilters = 8
	// PDFPredictorRow bounds one row of a predictor in bytes.
	PDFPredictorRow = 16 << 20
	// PDFReferences bounds references to references: real files have none.
	PDFReferences = 32
	// PDFPageDepth bounds the page tree's depth: a balanced tree of a million pages has 20 levels at most, but some
	// writers chain the nodes.
	PDFPageDepth = 1000
	// PDFScan bounds the bytes searched, over the life of an open file, for the ends of streams whose /Length is wrong.
	PDFScan = 1 << 30
	// PDFDamage bounds the places of damage that are reported: one that is wrong throughout is wrong after the first ten.
	PDFDamage = 32
	// PDFChecked bounds the cross-reference entries that are checked when a file is opened: they cost some 50 ns each
	// where they stand close, 1 µs where each is read by itself. Of more, every second, third, … is: what shifts offsets
	// shifts most of them.
	PDFChecked = 32 << 10
	// PDFWrongEntries bounds the wrong entries that are remembered.
	PDFWrongEntries = 64 << 10
	// PDFOpenEnd bounds how far from the end of a file streams are looked for that nothing ends. Files whose last stream
	// is farther away are tables of a million objects, and written by programs that end their streams.
	PDFOpenEnd = 64 << 20
	// PDFOpenStreams bounds their number: truncated files have one.
	PDFOpenStreams = 256
	// PDFConflicts bounds the objects of a damaged file that are defined where only some readers look. A portfolio of
	// uncompressed PDFs has as many as those have objects.
	PDFConflicts = 256 << 10
	// PDFTrailers bounds the trailers and catalogs of a damaged file that are remembered: the first ones and the last.
	PDFTrailers = 64
	// PDFLocks bounds the encryption dictionaries of a damaged file, each with an identifier, that the password is tried on:
	// one, where an update did not change the identifier or a writer did not give another. Each try costs up to 20 ms.
	PDFLocks = 16
	// PDFTrailerValue bounds one value of such a trailer as it is written. An /Encrypt with public-key recipients is below.
	PDFTrailerValue = 64 << 10
	// PDFEndstreams bounds the endstream keywords at which one stream's /Length is looked for when a file is searched.
	PDFEndstreams = 64
	// PDFPackedIndexes bounds the indexes of all object streams together when a file is searched: 16 bytes an object.
	PDFPackedIndexes = 16 * PDFEntries
	// PDFCatalogSearch bounds the objects in object streams among which a catalog is looked for that no trailer names.
	PDFCatalogSearch = 1 << 16
	// PDFLexed bounds the bytes of objects that are read, over the life of an open file; what is read again counts again.
	// Signing reads catalog, pages up to the first, form and signatures: of the largest forms met some 10 MB.
	// A search through a damaged file reads all objects once, and those reachable once more: hence the size, twice.
	PDFLexed      = 256 << 20
	PDFLexedTimes = 2
	// What a search through a damaged file finds counts as so many bytes of objects read, whatever its length: a byte of an
	// object costs 2 to 3 ns, and what is found 50 ns (a word alone), 100 more (an object), 300 (a name that is looked for),
	// 2 µs (a stream, and as much again where its /Length is wrong) or 4 µs (a trailer, an object stream, a cross-reference
	// stream), twice that on a busy machine. Eight million objects of 60 bytes stay below the bound, and half a million streams
	// of 2 kB are far from it.
	PDFWordWork    = 32
	PDFObjectWork  = 64
	PDFNameWork    = 200
	PDFStreamWork  = 1000
	PDFTrailerWork = 3000
	// PDFDecoded bounds the bytes that go through filters over the life of an open file. The object streams of a file of
	// two million objects have 200 MB, some six times what they take in the file.
	PDFDecoded      = 256 << 20
	PDFDecodedTimes = 8
	// PDFPageKids bounds the entries of page tree nodes that are looked at: nodes may share lists. Every object once or twice.
	PDFPageKids = 2 * PDFEntries
	// PDFTrailerBytes bounds the bytes of all trailers of a file together: they are kept. Real ones have some 200 bytes, and
	// there are at most PDFSections of them.
	PDFTrailerBytes = 8 << 20
	// PDFObjectText bounds the strings, names and reals of one object together: twice the longest string.
	PDFObjectText = 2 * PDFString
	// PDFRewrite bounds a stream's data that is copied into an update.
	PDFRewrite = 64 << 20
	// PDFShortStreams and PDFShortBytes bound the streams of a recovered file that are written anew because they are shorter
	// than they say: after a conversion of line ends that is each of them, and their text is lost anyway.
	PDFShortStreams = 256
	PDFShortBytes   = 8 << 20
	// PDFOpinionObjects bounds the files shown to the second reader, which keeps 48 bytes for each object number.
	PDFOpinionObjects = 200000
	// PDFOpinionReads bounds the bytes the second reader may read, in multiples of the file's size.
	PDFOpinionReads = 16
	// PDFOpinionTime bounds the time the second reader is given: it needs milliseconds for the largest file it is shown.
	PDFOpinionTime = 5 * time.Second
)

// Forms, signatures and reading through files: pkg/pdfsig and pkg/verify.
const (
	// FieldDepth bounds the nesting of form fields. Real forms nest up to eight deep, one level a name.
	FieldDepth = 64
	// Fields bounds the nodes of a form. Forms of tens of thousands of fields exist (generated tables).
	Fields = 1 << 20
	// FieldKids bounds the entries of the /Kids arrays of a form, which fields may share: each field and its widgets once.
	FieldKids = 4 << 20
	// FieldNames bounds the qualified names of a form in bytes, all together: a field repeats the names above it.
	FieldNames = 64 << 20
	// SignatureFields bounds the signature fields of a form, signed or not. Ten are many; more is kept of each than of others.
	SignatureFields = 1 << 16
	// SignatureReferences bounds the /Reference array of a signature. Real ones have one or two entries.
	SignatureReferences = 64
	// LockedFields bounds the names of fields that signatures lock, all together: a hundred signatures of a form of two
	// thousand fields, each named.
	LockedFields = 1 << 18
	// Widgets bounds the annotations of one signature field. ISO 32000-2 12.7.5.5 has one; copies on each page exist.
	Widgets = 4096
	// PagesSearched bounds the pages looked through for a widget or for a list of annotations that is shared.
	PagesSearched = 10000
	// Signatures bounds the signatures of one file. The most met in the sample files is 12; each one is hashed anew.
	Signatures = 1000
	// StoreRevisions is how many earlier revisions are opened for what their security stores hold: each prolongation makes one,
	// and once in some years is often.
	StoreRevisions = 32
	// RevisionsAfter bounds the revisions after the newest signature that are looked at: each may add to the security store
	// and is read as a file of its own. One or two are usual.
	RevisionsAfter = 100
	// RevisionsCompared bounds the revisions from the oldest signed one on that are compared with each other: as many
	// signatures as are read, each with a security store and a timestamp.
	RevisionsCompared = 3*Signatures + 1
	// Changes bounds the changes told of one revision. Filling in a form of two thousand fields makes as many.
	Changes = 1 << 14
	// Comparisons bounds the values compared within changed objects of one revision: objects may share others.
	Comparisons = 1 << 22
	// AppearanceBytes bounds one appearance stream that is looked at for what it paints. Those of comments and fields have
	// some kilobytes; what is longer counts as covering.
	AppearanceBytes = 1 << 20
	// TokenReserve bounds what may be reserved for a token: MaxTimestampToken, four times.
	TokenReserve = 1 << 20
	// Metadata bounds the XMP metadata in which a declaration of PDF/A is looked for. They have 4 kB, some with pictures or
	// a long history 1 MB.
	Metadata = 8 << 20
	// PDFA1String and PDFA1Array are how many bytes a string and how many elements an array may have in PDF/A-1 (ISO 19005-1
	// 6.1.12), PDFA2String what a string may have in PDF/A-2 and -3 (ISO 19005-2 6.1.13). PDF/A-4 has no such bounds.
	PDFA1String = 65535
	PDFA1Array  = 8191
	PDFA2String = 32767
	// ReadBlock is the piece in which a file is read through a digest: larger ones are no faster, smaller ones cost more calls.
	ReadBlock = 512 << 10
)

// Of the page of gsign verify --report html. What it leaves out, --json has.
const (
	// ReportText bounds one text of a file: the longest subjects met in the sample files have 300 characters.
	ReportText = 500
	// ReportMarks bounds the marks on one letter. Vietnamese and pointed Hebrew need three.
	ReportMarks = 4
	// ReportLines bounds the findings and changes told of one signature, and the revisions in the table: nobody reads more.
	ReportLines = 100
	// ReportRows bounds the signatures in the picture of the revisions, more would fill more than two screens.
	ReportRows = 24
)
