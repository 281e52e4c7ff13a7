package sqltext

import (
	"slices"
	"strings"
)

// WantsTransaction reports whether a SQL text may change rows and can run in a
// transaction. Every statement must be of a kind that always can: DO can if its
// code names nothing that ends a transaction, CALL cannot, because its procedure
// may end one. executed tells db.Exec from a query.
func (l Language) WantsTransaction(words []string, executed bool) bool {
	wants := false
	for len(words) > 0 {
		statement := words
		if end := slices.Index(words, ";"); end >= 0 && !SameName(words[0], "do") {
			statement = words[:end]
		}
		words = words[min(len(statement)+1, len(words)):]
		if len(statement) == 0 {
			continue
		}
		writes, may := l.writesInTransaction(statement, executed)
		if !may {
			return false
		}
		wants = wants || writes
	}
	return wants
}

// writesInTransaction is WantsTransaction for the words of one statement.
func (l Language) writesInTransaction(words []string, executed bool) (writes, may bool) {
	switch strings.ToLower(words[0]) {
	case "insert", "update", "delete", "replace", "merge", "truncate", "copy":
		return true, true
	case "with", "explain":
		return executed && l == Postgres || HasWord(words, "insert", "update", "delete", "replace", "merge"), true
	case "select", "values", "(", "execute":
		return executed && l == Postgres, true
	case "do":
		return true, !HasWord(plainWords(strings.Join(words, " ")), "call", "commit", "rollback")
	default:
		return false, false
	}
}
