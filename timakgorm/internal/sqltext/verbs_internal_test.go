package sqltext

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// verbLists are the words of each kind, as the code looks for them that cuts a
// text into words.
var verbLists = map[Verbs][]string{
	Writing:    {"insert", "update", "delete", "truncate", "merge", "copy", "replace"},
	Blocks:     {"do", "execute"},
	Defining:   ddlVerbs,
	Savepoints: {"savepoint", "rollback", "release"},
}

// alphabet is what texts are made of that try to hide a verb: every way to quote,
// to escape and to end a word, and letters beyond ASCII, including those that
// equal ASCII letters when case is ignored.
var alphabet = []string{
	" ", "\n", "\t", "'", "''", `"`, `""`, "`", "[", "]", "(", ")", ",", ";", ".", "$", "$$", "$a$", "$1", "_", "1", "x", "e'", "E'", `U&"`, `u&'`,
	`\`, `\\`, `\'`, `\n`, `\t`, `\r`, "--", "/*", "*/", "|", "||", ":=", "é", "Ž", "İ", "ı", "ſ", "K", "́", "٣", "\xff", "\xc5", "\x00", "😀",
	"\r", `U&'`, `uescape '!'`, `\x55PDATE posts`, `U!0050DATE posts`, "UPD'\n'ATE posts", `U&"p\006fsts"`,
	"update posts", "DELETE FROM posts", "inſert into posts", "İNSERT INTO posts", "copy posts", "drop table posts",
	"explain", "analyze", "(analyze)", "prepare", "as", "function", "select", "binary", "to", "\ufeff", "$a(", "::", "1e5",
	"posts", "from", "into", "table", "only", "or", "if", "exists", "cascade", "language", "format(", "begin", "end", "authors",
	"do", "Execute", "INSERT", "ſert", "inſert", "İNSERT", "Insert", "update", "UPDATE", "DELETE", "delete", "truncate", "Merge", "copy", "COPY",
	"replace", "create", "ALTER", "Drop", "savepoint", "SAVEPOINT", "ſavepoint", "rollback", "rollbacK", "release", "releaſe", "updated_at", "recreate", "do2",
}

// openings are beginnings after which a text may be run as SQL.
var openings = []string{"", "", "DO '", "do e'", "do language x E'", "do $$", "DO E'BEGIN EXECUTE E\\'\\\\n", "EXECUTE '", `execute E'\n`}

// sqlOf makes a random text of pieces.
func sqlOf(random *rand.Rand) string {
	var b strings.Builder
	b.WriteString(openings[random.IntN(len(openings))])
	for range 1 + random.IntN(14) {
		b.WriteString(alphabet[random.IntN(len(alphabet))])
	}
	return b.String()
}

// VerbsIn misses nothing that the slow way finds, however the text is cut: no
// word, no table and no change of the schema.
func TestVerbsIn(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	languages := []Language{Postgres, SQLite}
	found := map[string]int{}
	for n := range 20_000 {
		sql := sqlOf(random)
		text := languages[n%2].Read(sql)
		got := VerbsIn(sql)
		fail := func(what string) { t.Fatalf("seed %d: %q: %s, and VerbsIn has %b", seed, sql, what, got) }
		for kind, list := range verbLists {
			if got&kind == 0 && (HasWord(text.Words, list...) || HasWord(plainWords(sql), list...) || hasLower(text.Words, list)) {
				fail("it holds one of " + strings.Join(list, ", "))
			}
		}
		writes := len(text.Targets()) > 0 || HasWord(text.Loose, LooseVerbs...) || slices.ContainsFunc(text.Words, MayCascade)
		if got&Writing == 0 && writes {
			fail("it writes")
		}
		changes := ChangesSchema(text)
		for i := range text.Words {
			changes = changes || len(RowsChangedBy(text.Words[i:])) > 0
		}
		if got&Defining == 0 && changes {
			fail("it changes the schema")
		}
		queries := Postgres.WantsTransaction(text.Words, false)
		if got&(Writing|Blocks) == 0 && queries {
			fail("it gets a transaction")
		}
		if move, _ := SavepointIn(text.Words); got&Savepoints == 0 && move != NoMove {
			fail("it moves a savepoint")
		}
		for what, is := range map[string]bool{"writes": writes, "changes": changes, "queries": queries, "nothing": got == 0} {
			if is {
				found[what]++
			}
		}
	}
	if len(found) != 4 || slices.Min([]int{found["writes"], found["changes"], found["queries"], found["nothing"]}) < 500 {
		t.Errorf("texts of each kind: %v: too few to tell", found)
	}
}

// hasLower is HasWord as a switch on strings.ToLower sees it.
func hasLower(words, list []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(list, strings.ToLower(word)) })
}

// foldsToLetter knows every character that equals a letter of a verb when case is
// ignored.
func TestFoldsToLetter(t *testing.T) {
	t.Parallel()
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		folds := unicode.ToLower(r) < 0x80
		for c := 'a'; c <= 'z'; c++ {
			folds = folds || strings.EqualFold(string(r), string(c))
		}
		if got := foldsToLetter(string(r)); got != folds && r != unicode.ReplacementChar {
			t.Errorf("%U: got %t, want %t", r, got, folds)
		}
	}
}

// A text without a verb is not cut into words and costs no memory. Allocations
// are those of the process, so the test is not parallel.
func TestVerbsIn_none(t *testing.T) {
	for _, sql := range []string{
		"", longSelect, "SELECT updated_at, created_at, deleted_at, docs, copyright FROM drops WHERE recreated", "SELECT 'příspěvky'", "_update", "é",
	} {
		if got := VerbsIn(sql); got != 0 {
			t.Errorf("%q: got %b", sql, got)
		}
		if n := testing.AllocsPerRun(10, func() { VerbsIn(sql) }); n != 0 {
			t.Errorf("%q: %v allocations", sql, n)
		}
	}
}

// longSelect has 300 bytes.
const longSelect = `SELECT p.id, p.title, p.body, p.updated_at, a.name AS author, count(c.id) AS comments
FROM posts p JOIN authors a ON a.id = p.author_id LEFT JOIN comments c ON c.post_id = p.id
WHERE p.published AND p.deleted_at IS NULL AND p.created_at > $1 AND a.name <> 'nobody'
GROUP BY p.id, a.name ORDER BY id LIMIT 20`

// BenchmarkVerbsIn compares VerbsIn with cutting a SELECT into words.
func BenchmarkVerbsIn(b *testing.B) {
	for name, look := range map[string]func(){
		"scan": func() { VerbsIn(longSelect) },
		"cut":  func() { Words(longSelect) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(longSelect)))
			b.ReportAllocs()
			for b.Loop() {
				look()
			}
		})
	}
}
