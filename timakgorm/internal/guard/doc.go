// Package guard checks statements before they run, with either capture. It refuses
// writes that timelines cannot follow, or logs a warning: raw SQL, a write by the
// name of a partition or a view, DDL. It also explains why a write failed whose
// primary key is bytes.
package guard
