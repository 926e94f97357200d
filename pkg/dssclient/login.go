// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"fmt"
	"net/http"
)

// Login gets a new token, to find out whether the credentials are good. Calls that need a token do it by themselves.
func (c *Client) Login(ctx context.Context) error {
	c.mu.Lock()
	c.token = token{}
	c.mu.Unlock()
	_, err := c.accessToken(ctx)
	return err
}

// accessToken returns the token in use, or logs in. Many callers at once make one login.
func (c *Client) accessToken(ctx context.Context) (Secret, error) {
	if t := c.currentToken(); t != "" && ctx.Err() == nil {
		return t, nil
	}
	return c.logins.do(ctx, OpLogin, "", func(ctx context.Context) (Secret, error) {
		if t := c.currentToken(); t != "" { // someone else's login ended in between
			return t, nil
		}
		return c.login(ctx)
	})
}

func (c *Client) login(ctx context.Context) (Secret, error) {
	body, err := jsonBody(LoginRequest{APIKey: c.apiKey, APISecret: string(c.apiSecret)})
	if err != nil {
		return "", fmt.Errorf("%s: %w", OpLogin, err)
	}
	started := c.now() // the token's life may begin before its answer arrives
	answer, err := c.call(ctx, &request{
		op: OpLogin, method: http.MethodPost, path: "/login", shown: "/login", body: body,
		timeout: c.timeouts.Login, limit: maxSmallAnswer,
	})
	if err != nil {
		return "", err
	}
	value, err := parseToken(answer)
	if err != nil {
		return "", &AnswerError{Op: OpLogin, Err: err}
	}
	c.keepToken(token{value: value, until: started.Add(TokenLifetime)})
	return value, nil
}

func (c *Client) keepToken(t token) {
	const remembered = 8
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = t
	c.tokens = append(c.tokens, t.value)
	if len(c.tokens) > remembered {
		c.tokens = c.tokens[1:]
	}
}

func (c *Client) currentToken() Secret {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Before(c.token.until) {
		return c.token.value
	}
	return ""
}

// dropToken forgets a token that was refused, unless there is a newer one.
func (c *Client) dropToken(refused Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token.value == refused {
		c.token = token{}
	}
}
