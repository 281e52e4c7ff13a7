// Package world is a database with tracked models, a plugin and a store, for tests of
// timakgorm: how to open one, what happens there, and the comparison of its timelines
// with its tables. It is used by tests alone.
package world
