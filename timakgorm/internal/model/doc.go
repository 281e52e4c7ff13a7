// Package model is a tracked table in Go: what GORM knows of its columns, its
// compiled rules, and the way from a row's image to the places where it belongs.
//
// It is pure: it does no I/O, and starts no goroutine. It knows the packages tag
// and sqltext.
package model
