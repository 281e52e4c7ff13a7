package sqltext

import (
	"slices"
	"strings"
	"testing"
)

// The quotes of each database, as functions that quote a content. They return ""
// if it cannot be quoted that way.
var (
	quotesOnBoth = []func(content string) string{
		func(content string) string { return "'" + strings.ReplaceAll(content, "'", "''") + "'" },
		func(content string) string { return `"` + strings.ReplaceAll(content, `"`, `""`) + `"` },
		func(content string) string { return unless(content, "-- "+content+"\n", "\n", "\r") },
		func(content string) string { return unless(content, "/*"+content+" */", "/*", "*/") },
	}
	quotesOnPostgres = []func(content string) string{
		func(content string) string {
			return "E'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(content) + "'"
		},
		func(content string) string {
			return "E'x' -- \n'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(content) + "'"
		},
		func(content string) string { return "u&'" + strings.ReplaceAll(content, "'", "''") + "'" },
		func(content string) string { return `U&"` + strings.ReplaceAll(content, `"`, `""`) + `"` },
		func(content string) string { return betweenDollars(content, "$$") },
		func(content string) string { return betweenDollars(content, "$q$") },
		func(content string) string { return betweenDollars(content, "$_1$") },
		func(content string) string { return unless(content, "/* /*"+content+" */ ' */", "/*", "*/") },
	}
	quotesOnSQLite = []func(content string) string{
		func(content string) string { return "`" + strings.ReplaceAll(content, "`", "``") + "`" },
		func(content string) string { return unless(content, "["+content+"]", "]") },
		func(content string) string { return unless("*"+content, "/* /*"+content+" */", "*/") },
	}
)

// unless returns quoted, or "" if content contains one of ends.
func unless(content, quoted string, ends ...string) string {
	for _, end := range ends {
		if strings.Contains(content, end) {
			return ""
		}
	}
	return quoted
}

func betweenDollars(content, mark string) string {
	if strings.Index(content+mark, mark) < len(content) {
		return ""
	}
	return mark + content + mark
}

// FuzzRead: no text makes the scanners fail, and no quoted content changes the
// verdict.
func FuzzRead(f *testing.F) {
	for _, content := range []string{
		"", "'", `\`, `\'`, "$q$", "$$; DELETE FROM posts", "*/ DELETE FROM posts", "; UPDATE posts SET title = 1 --", "]", "`", `"`, "\ufeff", "E'", `U&"`, "DO $$", "explain", "EXPLAIN (ANALYZE", "copy posts (",
		"execute", "do", "create function", "1e5", "$a(", "@", "\xff", "\x00", "a$q", "prepare x as delete from posts", "create function f() as $$;", "do language", "execute function", "uescape", `u&'\`, "only", "truncate only (", `/"0`,
	} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		for _, l := range []Language{Postgres, SQLite} {
			writesPosts(l, content)
			l.IsOneValue(content)
			quotes := append(quotesOnBoth[:4:4], quotesOnSQLite...)
			if l == Postgres {
				quotes = append(quotesOnBoth[:4:4], quotesOnPostgres...)
			}
			for _, quote := range quotes {
				checkQuoted(t, l, content, quote(content))
			}
		}
	})
}

func checkQuoted(t *testing.T, l Language, content, quoted string) {
	t.Helper()
	if quoted == "" {
		return
	}
	for frame, want := range map[string]string{
		"SELECT 1 {}": "", "INSERT INTO log VALUES (1 {}, 2)": "", "EXPLAIN DELETE FROM posts WHERE 1 {}": "", "{} SELECT 1": "",
		"SELECT 1 {}; DELETE FROM posts": "posts", "UPDATE posts SET title = 1 {}": "posts", "{} DELETE FROM posts": "posts", "SELECT {}; UPDATE posts SET title = {}; SELECT {}": "posts",
	} {
		sql := strings.ReplaceAll(frame, "{}", quoted)
		if l == Postgres && want == "" && strings.Contains(content, `\`) {
			continue // it depends on a setting
		}
		if got := writesPosts(l, sql); got != (want != "") {
			t.Errorf("language %d: %q: writes posts: %t, want %q", l, sql, got, want)
		}
	}
}

// writesPosts reports whether a text writes, or may write, the table posts.
func writesPosts(l Language, sql string) bool {
	text := l.Read(sql)
	isPosts := func(written string) bool { return SameName(Unqualified(Unquoted(written)), "posts") }
	return slices.ContainsFunc(text.Targets(), isPosts) || HasWord(text.Loose, LooseVerbs...) && HasWord(text.Loose, "posts")
}
