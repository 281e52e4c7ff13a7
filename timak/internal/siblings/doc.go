// Package siblings implements the record that a single-server store keeps under a
// key: the concurrent values, each with the sequence number of its put.
//
// One server sees every put of a key, so one counter per key is a complete causal
// context. Each put takes the next number; a token is the highest number that a
// reader saw; a put drops what its token covers and adds its value. This is what
// Riak's dotted version vectors do with a single actor.
//
// The package is pure: records are values, and no call changes its arguments.
package siblings
