// Package audience is where publications and subscriptions meet, by the text of their
// sources: which timelines subscribe to a source, whether one still does, and which
// rows a source has.
//
// It knows the packages outbox, dialect and model, and timak.
package audience
