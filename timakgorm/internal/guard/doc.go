// Package guard looks at statements before they run, however changes are captured. It
// refuses those that nobody can follow, or logs a warning: raw SQL, a partition's
// name, DDL, bytes in a primary key.
//
// It knows the packages session, statement, dialect, model and sqltext.
package guard
