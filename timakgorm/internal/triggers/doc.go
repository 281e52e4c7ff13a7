// Package triggers captures changes by triggers in the database: it writes their SQL,
// installs them, and checks before a write that they are there.
package triggers
