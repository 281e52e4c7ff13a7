// Package siblings is the record that a single-server store keeps under a key:
// the concurrent values, each with the sequence number of its put.
//
// One server sees every put of a key, so one counter a key is a complete causal
// context. Each put takes the next number; a token is the highest number that a
// reader saw; a put drops what its token saw and adds its value. That is what
// Riak's dotted version vectors do with one actor.
//
// The package is pure: records are values, and no call changes its arguments.
package siblings
