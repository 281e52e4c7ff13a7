// Package outbox is the tables of timak itself: it records changes and draws their
// versions, reads what is due, settles it, keeps dead letters, and migrates.
//
// It knows the packages dialect and model.
package outbox
