package audience

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Image is what a table says of one of its rows.
type Image struct {
	Table *dialect.Table
	Text  *string
}

// Fresh returns the images of rows that are still there, and a version that was drawn while
// they were locked: a change of them that is not in the images draws a higher one. There
// must be at least one row.
func Fresh(ctx context.Context, db *sql.DB, rows []Row) (images []Image, version int64, err error) {
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(strings.Compare(a.Table.Model.Table, b.Table.Model.Table), strings.Compare(a.Key, b.Key))
	})
	err = looking(ctx, db, rows[0].Table.Dialect, func(l *look) error {
		images = nil
		for left := rows; len(left) > 0; {
			t, n := left[0].Table, 1
			for n < len(left) && left[n].Table == t {
				n++
			}
			if err := l.fresh(ctx, left[:n], func(text *string) { images = append(images, Image{t, text}) }); err != nil {
				return reading("rows", t, err)
			}
			left = left[n:]
		}
		l.version, err = outbox.Draw(ctx, l.tx, rows[0].Table, time.Now())
		version = l.version
		return err
	})
	return images, version, err
}

// fresh locks rows of one table in the order of their primary keys, and reads them.
func (l *look) fresh(ctx context.Context, rows []Row, each func(image *string)) error {
	t := rows[0].Table
	var wanted []dialect.Change
	for _, row := range rows {
		wanted = append(wanted, dialect.Change{Key: json.RawMessage(row.Key)})
	}
	condition, arg := t.SQL.Among(wanted)
	keys := strings.Join(dialect.Columns(t.Model.Keys, t.SQL.Column), ", ")
	query := fmt.Sprintf("SELECT "+l.dialect.Text+" FROM %s WHERE %s ORDER BY %s", t.SQL.AnyImage, t.SQL.From, condition, keys)
	return l.each(ctx, query+l.share(), []any{arg}, func(found *sql.Rows) error {
		var image *string
		err := found.Scan(&image)
		each(image)
		return err
	})
}
