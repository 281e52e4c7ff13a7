package redisstore

import (
	"fmt"
	"strings"
)

// DefaultPrefix begins the keys of a store without a prefix of its own.
const DefaultPrefix = "timak:"

// Options tune a Store. The zero Options, and nil, mean the defaults. Everything
// about connections (TLS, credentials, time limits, retries, the size of the pool) is
// go-redis' own option: see OpenUniversal and New.
type Options struct {
	// Prefix begins every key of the store, so that several stores, and others, may
	// share a server. It must not contain "{", which would send all keys to one
	// server of a cluster. Defaults to "timak:".
	Prefix string
}

// withDefaults returns the options with zero fields filled in, or an error that
// names the option that is out of range.
func (o *Options) withDefaults() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Prefix == "" {
		out.Prefix = DefaultPrefix
	}
	if strings.Contains(out.Prefix, "{") {
		return out, fmt.Errorf(`Options.Prefix: expected a text without "{", which would send all keys to one server of a cluster, got %q`, out.Prefix)
	}
	return out, nil
}
