package sqltext

// RowsChangedBy returns the tables whose rows the DDL at the beginning of words
// may change, as the SQL writes their names.
func RowsChangedBy(words []string) []string {
	if len(words) < 3 || !SameName(words[1], "table") {
		return nil
	}
	tables := TableNames(AfterWord(words[2:], "if", 2))
	switch {
	case SameName(words[0], "drop"):
		return tables
	case SameName(words[0], "alter") && HasWord(words, "using", "attach", "detach"):
		return tables
	default:
		return nil
	}
}

// ChangesSchema reports whether a SQL text contains DDL. In a text with DO or
// EXECUTE, the DDL may be anywhere, also in literals.
func ChangesSchema(text Text) bool {
	return HasWord(text.Words, ddlVerbs...) || HasWord(text.Words, "do", "execute") && HasWord(plainWords(text.SQL), ddlVerbs...)
}

var ddlVerbs = []string{"create", "alter", "drop"}
