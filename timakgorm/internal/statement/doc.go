// Package statement reads a GORM statement before it runs: the table that it
// names, the SQL in it, and the rows that its conditions find.
package statement
