package riakstore

import (
	"bytes"
	"slices"

	"github.com/timak-go/timak/timak/driver"
)

// tokenMark begins every token of this store. Riak closes the connection when it
// cannot read a vector clock, so a foreign token must never reach it.
var tokenMark = []byte("riak:")

// tokenOf returns the token for a vector clock; nil if there is none.
func tokenOf(vclock []byte) driver.Token {
	if len(vclock) == 0 {
		return nil
	}
	return slices.Concat(tokenMark, vclock)
}

// vclockOf returns a copy of the vector clock in a token: a request whose caller
// has left may outlive the token.
func vclockOf(token driver.Token) ([]byte, error) {
	if token == nil {
		return nil, nil
	}
	vclock, ours := bytes.CutPrefix(token, tokenMark)
	if !ours || len(vclock) == 0 {
		return nil, driver.ErrToken
	}
	return bytes.Clone(vclock), nil
}
