package hooks

import (
	"context"
	"reflect"
	"sync"

	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// To write a statement that carries its record, from the clauses of GORM's, takes longer
// than all else that is done for it here. It depends on these clauses only as far as GORM's
// own text does: statements of the same text mean the same, if they are run in the same way,
// and what has carried the record of one carries that of any other.

// carriedTexts are the texts of statements that have carried their record. The zero
// carriedTexts are empty; methods may be called from any number of goroutines.
type carriedTexts struct {
	mu    sync.RWMutex
	texts map[carriedKey]carriedText
}

// carriedKey is all that a text depends on, beside the parameters.
type carriedKey struct {
	sql           string // as GORM has written it
	table         *dialect.Table
	name, written string // of the target
	returns       bool   // rows
}

// As many texts are remembered as pgx prepares statements for a connection. Beside a long one,
// writing it does not count.
const (
	mostCarriedTexts   = 512
	longestCarriedText = 4096
)

func (t *carriedTexts) of(key carriedKey) (carriedText, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	text, known := t.texts[key]
	return text, known
}

func (t *carriedTexts) add(key carriedKey, text carriedText) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.texts == nil || len(t.texts) >= mostCarriedTexts {
		t.texts = map[carriedKey]carriedText{}
	}
	t.texts[key] = text
}

// writtenText is a text to run, with its parameters.
type writtenText struct {
	carriedText

	vars    []any
	key     carriedKey
	repeats bool // it is new, and to be remembered once it has run
}

// writeCarried returns the text of the statement that carries its record, and whether there
// is one.
func (c *capture) writeCarried(ctx context.Context) (w writtenText, may bool, err error) {
	st := c.db.Statement
	_, returns := st.Clauses["RETURNING"].Expression.(clause.Returning)
	w.key, w.vars = carriedKey{st.SQL.String(), c.target.Table, c.target.Name, c.target.Written, returns}, st.Vars
	known := false
	if w.carriedText, known = c.hooks.texts.of(w.key); !known {
		if w.form, may = c.carriedForm(); !may {
			return w, false, nil
		}
	}
	if bare, err := c.seemsBare(ctx); known || !bare || err != nil {
		return w, bare, err
	}
	if c.verb != statement.Create {
		if err := c.checkComments(); err != nil {
			return w, false, err
		}
	}
	w.carriedText, w.vars, err = c.carriedText(w.form)
	w.repeats = len(w.key.sql) <= longestCarriedText && w.form.conflict == nil && reflect.DeepEqual(w.vars, st.Vars)
	return w, err == nil, err
}
