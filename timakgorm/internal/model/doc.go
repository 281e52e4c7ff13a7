// Package model is a tracked table in Go: what GORM knows of its columns, its
// compiled rules, and how the image of a row becomes the places where its items
// belong.
//
// It is pure: it does no I/O and starts no goroutine.
package model
