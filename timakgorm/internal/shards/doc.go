// Package shards divides the rows of an outbox among the relays of many processes, by
// advisory locks of Postgres.
package shards
