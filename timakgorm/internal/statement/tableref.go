package statement

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// TableRef is how a statement refers to its table.
type TableRef struct {
	Item    clause.Expression   // the table as an item of a FROM
	More    []clause.Expression // other items after it
	SQL     string              // the item, as it is written; "" if it is only a name
	Name    string              // the table, with its schema if that is written
	Written string              // the same, as it is written
	Alias   string              // "" if there is none
	Rows    string              // the name of its rows in the SQL: the alias or the name of the table
	Unclear bool                // there is more, which was not understood
}

// using splits what a delete has after DELETE FROM.
var using = regexp.MustCompile(`(?is)^(.*?)\sUSING\s(.*)$`)

// Read reads how a statement refers to its table. It reads the SQL that is run,
// because GORM's driver may write another name than it was given.
func Read(lang sqltext.Language, st *gorm.Statement, v Verb) (TableRef, error) {
	said := TableClause(st, v)
	if st.TableExpr == nil && said == Current {
		return TableRef{Item: said, Name: st.Table, Written: sqltext.QuoteName(st.Table), Rows: sqltext.Unqualified(st.Table)}, nil
	}
	text := Scratch(st)
	if v == Create {
		head, err := insertHead(lang, st)
		if err != nil {
			return TableRef{}, err
		}
		_, _ = text.WriteString(head)
	} else {
		said.Build(text)
	}
	s := TableRef{SQL: text.SQL.String()}
	s.Item = Fragment{SQL: s.SQL}
	named := s.SQL
	if parts := using.FindStringSubmatch(s.SQL); parts != nil && len(text.Vars) == 0 {
		named = parts[1]
		s.Item, s.More = Fragment{SQL: parts[1]}, []clause.Expression{Fragment{SQL: parts[2]}}
	}
	words := sqltext.AfterWord(sqltext.Words(named), "only", 1)
	var rest, end []string
	s.Name, rest = sqltext.TableName(words)
	s.Written = strings.Join(words[:len(words)-len(rest)], "")
	after := sqltext.AfterWord(rest, "as", 1)
	s.Rows = lang.LastName(words[:len(words)-len(rest)])
	if s.Alias, end = sqltext.TableName(after); s.Alias != "" {
		s.Alias = lang.LastName(after[:len(after)-len(end)])
		s.Rows = s.Alias
	}
	s.Unclear = len(end) > 0 || len(text.Vars) > 0
	return s, nil
}

// insertHead returns what the INSERT that is run has between INTO and its
// columns. The error wraps ErrUncaptured.
func insertHead(lang sqltext.Language, st *gorm.Statement) (string, error) {
	text := Scratch(st)
	insert := st.Clauses["INSERT"]
	if build, ok := st.ClauseBuilders["INSERT"]; ok {
		build(insert, text)
	} else {
		insert.Build(text)
	}
	head := text.SQL.String()
	readings := lang.Readings(head)
	into := slices.IndexFunc(readings[0], func(word string) bool { return sqltext.SameName(word, "into") })
	if len(readings) > 1 || into < 0 || !strings.HasPrefix(strings.TrimSpace(st.SQL.String()), head) {
		return "", Refuse(Create, st.Table, fmt.Sprintf("it does not begin with %q, as GORM writes an INSERT", head))
	}
	return strings.Join(readings[0][into+1:], " "), nil
}
