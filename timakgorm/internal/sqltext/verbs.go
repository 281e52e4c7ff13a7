package sqltext

// Every raw statement is checked for what it may write, and most of them only
// read. Cutting a text into words costs more than many queries. Seeing that it
// contains none of the words that matter does not.

// Verbs are the kinds of words that make a SQL text worth a closer look. They are
// bits.
type Verbs uint8

// The kinds of words.
const (
	Writing    Verbs = 1 << iota // begin what changes rows
	Blocks                       // begin what runs code or literals
	Defining                     // change the schema
	Savepoints                   // may set, release or go back to a savepoint
	Straying                     // may change what names mean
	anyVerb    Verbs = 1<<iota - 1
)

// verbKind is a word in lower case, and its kind.
type verbKind struct {
	word string
	kind Verbs
}

// verbsOfLength are all words that matter, by their length.
var verbsOfLength = [...][]verbKind{
	2:  {{"do", Blocks}},
	3:  {{"set", Straying}},
	4:  {{"copy", Writing}, {"drop", Defining}, {"temp", Straying}},
	5:  {{"merge", Writing}, {"alter", Defining}, {"reset", Straying}},
	6:  {{"insert", Writing}, {"update", Writing}, {"delete", Writing}, {"create", Defining}},
	7:  {{"replace", Writing}, {"release", Savepoints}, {"execute", Blocks}, {"pg_temp", Straying}},
	8:  {{"truncate", Writing}, {"rollback", Savepoints}, {"function", Blocks}},
	9:  {{"savepoint", Savepoints}, {"temporary", Straying}, {"procedure", Blocks}},
	10: {{"set_config", Straying}},
}

// VerbsIn returns the kinds of words that a SQL text may contain, in any case and
// anywhere: as keywords, in literals, names and comments. However the text is cut
// into words, it returns every kind that is there; it may return more.
func VerbsIn(sql string) (found Verbs) {
	for i := 0; i < len(sql); {
		if !isLetter(sql[i]) {
			if isDigit(sql[i]) { // a word may begin after the number
				i += numberLength(sql[i:])
				continue
			}
			if sql[i] >= 0x80 && foldsToLetter(sql[i:]) {
				return anyVerb
			}
			i++
			continue
		}
		end := i + 1
		for end < len(sql) && (isLetter(sql[end]) || sql[end] >= '0' && sql[end] <= '9') {
			end++
		}
		found |= verbOf(sql[i:end])
		if i > 0 && sql[i-1] == '\\' { // E'\nUPDATE': the first letter may belong to an escape
			end = i + 1
		}
		i = end
	}
	if found&Blocks != 0 { // code that is run may contain any verb in escapes
		return anyVerb
	}
	return found
}

// isLetter reports whether a byte may begin a word.
func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' || b == '_' }

// foldsToLetter reports whether a text begins with one of the characters beyond
// ASCII that equal an ASCII letter when case is ignored: the long s, the kelvin
// sign, and the I with a dot.
func foldsToLetter(text string) bool {
	switch text[0] {
	case 0xC4:
		return len(text) > 1 && text[1] == 0xB0
	case 0xC5:
		return len(text) > 1 && text[1] == 0xBF
	case 0xE2:
		return len(text) > 2 && text[1] == 0x84 && text[2] == 0xAA
	default:
		return false
	}
}

// verbOf returns the kind of a word, or 0 if the word does not matter.
func verbOf(word string) Verbs {
	if len(word) >= len(verbsOfLength) {
		return 0
	}
	for _, verb := range verbsOfLength[len(word)] {
		if foldsTo(word, verb.word) {
			return verb.kind
		}
	}
	return 0
}

// foldsTo reports whether word equals lower, which has the same length, when case
// is ignored.
func foldsTo(word, lower string) bool {
	for i := range len(lower) {
		if word[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}
