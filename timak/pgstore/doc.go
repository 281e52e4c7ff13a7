// Package pgstore keeps timelines in Postgres.
package pgstore
