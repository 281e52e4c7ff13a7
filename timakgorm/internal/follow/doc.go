// Package follow records changes by the user's own code, where the user names the
// rows: it is behind timakgorm.Follow, Exec and Touch.
package follow
