package timakgorm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"
)

// checkRaw refuses SQL of the user's own that writes a tracked table.
func (p *Plugin) checkRaw(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun || st.SQL.Len() == 0 {
		return nil
	}
	text, may := textWith(db, writing)
	if !may {
		return nil
	}
	name, err := p.unfollowedBy(db, text)
	if name == "" || err != nil {
		return err
	}
	if p.opts.RawSQL == WarnRaw {
		p.opts.Logger.WarnContext(st.Context, "timak: raw SQL writes a tracked table; its timelines do not follow", "table", name)
		return nil
	}
	if elsewhere, err := p.writesElsewhere(st, text); elsewhere || err != nil {
		return err
	}
	return fmt.Errorf("timakgorm: raw SQL writes %s: %w: use db.Model(…), or timakgorm.Exec, which names the rows", name, ErrUncaptured)
}

// unfollowedBy returns a tracked table that SQL of the user's may write, and that
// is not followed; "" if there is none. Where a name may mean several, and the
// database can be asked, it says which.
func (p *Plugin) unfollowedBy(db *gorm.DB, text sqlText) (string, error) {
	st := db.Statement
	for _, written := range text.targets() {
		all := p.candidates(unquoted(written))
		i := slices.IndexFunc(all, func(t *table) bool { return !followedIn(db, t.model.table) })
		if i < 0 {
			continue
		}
		if len(all) > 1 && !commitsItself(st.ConnPool) && (!p.dialect.numbered || postgresName.MatchString(written)) {
			m, err := p.meaningOf(st.Context, st.ConnPool, written)
			if err != nil {
				return "", err
			}
			if m.is != "" && followedIn(db, m.is) {
				continue
			}
		}
		return all[i].model.table, nil
	}
	if name := p.mentioned(text.loose); name != "" && !followedIn(db, name) {
		return name, nil
	}
	return "", nil
}

// writtenBy returns the tracked table that a SQL text writes, if any,
// wherever it stands: in a WITH, in a block of code, after another statement. It
// may find more than there are. Of what code puts together from parts it goes by
// the names in any of them, and does not see one that is put together itself.
func (p *Plugin) writtenBy(text sqlText) string {
	for _, written := range text.targets() {
		if t := p.named(unquoted(written)); t != nil {
			return t.model.table
		}
	}
	return p.mentioned(text.loose)
}

// targets returns the tables that a SQL text writes, as they are written there.
func (t sqlText) targets() (names []string) {
	for i, word := range t.words {
		if written := writeTargets(word, t.words[i+1:]); len(written) > 0 && mayBegin(t.words, i) {
			names = append(names, written...)
		}
	}
	return names
}

// mentioned returns a tracked table that is among some words, if there is a verb
// among them that writes.
func (p *Plugin) mentioned(words []string) string {
	if !hasWord(words, loosely...) {
		return ""
	}
	for _, word := range words {
		if t := p.named(word); t != nil {
			return t.model.table
		}
	}
	return ""
}

var escapedName = regexp.MustCompile(`(?i)\bu&"`)

var plainWord = regexp.MustCompile(`[\pL_][\pL\pM\pN_$]*|\S`)

// loosely are the verbs that are looked for among words that may be put together.
var loosely = []string{"insert", "update", "delete", "truncate", "merge", "copy"}

// plainWords returns the words of a SQL text wherever they stand, in texts and
// comments too.
func plainWords(sql string) []string {
	sql = escapedName.ReplaceAllString(sql, " ")
	return plainWord.FindAllString(strings.NewReplacer(`"`, " ", "`", " ", "[", " ", "]", " ", "'", " ").Replace(sql), -1)
}

// writeTargets returns the names of the tables that a verb writes, if it is
// one, given what follows it. They are as they are written there.
func writeTargets(verb string, words []string) []string {
	words = afterWord(words, "or", 2) // INSERT OR REPLACE, UPDATE OR IGNORE
	var into string
	switch strings.ToLower(verb) {
	case "insert", "replace", "merge":
		into = "into"
	case "delete":
		into = "from"
	case "truncate":
		words = afterWord(words, "table", 1)
	case "copy":
		return copyTarget(words)
	case "update":
	default:
		return nil
	}
	if into != "" {
		if len(words) == 0 || !sameName(words[0], into) {
			return nil
		}
		words = words[1:]
	}
	return tableNames(words)
}

// copyTarget returns the table that COPY fills, given what follows the verb: none if
// it says TO.
func copyTarget(words []string) []string {
	if len(words) > 1 && !hasWord(words[1:2], "from", "to", ".", "(") {
		words = afterWord(words, "binary", 1)
	}
	name, rest := tableName(words)
	if name == "" {
		return nil
	}
	if len(rest) > 0 && rest[0] == "(" {
		rest = rest[slices.Index(append(slices.Clip(rest), ")"), ")"):]
		rest = rest[min(1, len(rest)):]
	}
	if len(rest) > 0 && sameName(rest[0], "to") {
		return nil
	}
	return tableNames(words)
}

// afterWord returns words without the first n, if they begin with this one.
func afterWord(words []string, first string, n int) []string {
	if len(words) < n || !sameName(words[0], first) {
		return words
	}
	return words[n:]
}

// tableNames reads a list of tables at the beginning of words, as they are
// written.
func tableNames(words []string) []string {
	var names []string
	for {
		if len(words) > 0 && sameName(words[0], "only") {
			words = afterWord(words[1:], "(", 1)
		}
		name, rest := tableName(words)
		if name == "" {
			return names
		}
		written := strings.Join(words[:len(words)-len(rest)], "")
		if escapedName.MatchString(written) {
			written = quoteName(name)
		}
		names = append(names, written)
		words = afterWord(afterWord(rest, ")", 1), "*", 1)
		if len(words) == 0 || words[0] != "," {
			return names
		}
		words = words[1:]
	}
}

// tableName reads a name at the beginning of words, with its schema if it has
// one, and returns what follows.
func tableName(words []string) (string, []string) {
	var parts []string
	for len(words) > 0 && isName(words[0]) {
		parts = append(parts, namePart(words[0], escapeOf(words[1:])))
		words = afterEscape(words)
		if len(words) < 3 || words[1] != "." {
			words = words[1:]
			break
		}
		words = words[2:]
	}
	return strings.Join(parts, "."), words
}

// namePart returns a name without its quotes, and with what its escapes stand for.
func namePart(word string, escape byte) string {
	if escaped := escapedName.FindString(word); escaped != "" && strings.HasPrefix(word, escaped) {
		return withoutUnicode(namePart(word[len(escaped)-1:], escape), escape)
	}
	for _, marks := range []string{`""`, "``", "''", "[]"} {
		if name, quoted := strings.CutPrefix(word, marks[:1]); quoted {
			name = strings.TrimSuffix(name, marks[1:])
			return strings.ReplaceAll(name, strings.Repeat(marks[1:], 2), marks[1:])
		}
	}
	return word
}

// unquoted returns the name of a table that is written in this way.
func unquoted(written string) string {
	name, _ := tableName(sqlWords(written))
	return name
}

// isName reports whether a word is a name, quoted or not, or a keyword.
func isName(word string) bool {
	first := word[0]
	return isNameByte(first) && !isDigit(first) && first != '$' && !strings.HasSuffix(word, "'") ||
		strings.IndexByte("\"`['", first) >= 0 // SQLite takes a text for a name
}

// named returns a tracked table that a name may mean; nil if it means none.
func (p *Plugin) named(name string) *table {
	for _, t := range p.tables {
		if p.mayMean(name, t) {
			return t
		}
	}
	return nil
}

// longestName is how many bytes of a name Postgres looks at.
const longestName = 63

// clipped returns the name of a table as the database knows it: Postgres leaves out
// the end of one that is too long, from a whole character on.
func (d dialect) clipped(name string) string {
	bare := unqualified(name)
	if !d.numbered || len(bare) <= longestName {
		return name
	}
	end := longestName
	for end > 0 && !utf8.RuneStart(bare[end]) {
		end--
	}
	return name[:len(name)-len(bare)] + bare[:end]
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }
