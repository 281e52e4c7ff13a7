package statement

import (
	"testing"

	pg "gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// A statement's text is cut once, and again if it changes.
func TestTextOf(t *testing.T) {
	t.Parallel()
	db := &gorm.DB{Config: &gorm.Config{Dialector: pg.Open("")}}
	db.Statement = &gorm.Statement{DB: db}
	for _, sql := range []string{"UPDATE posts", "DELETE FROM posts"} {
		db.Statement.SQL.Reset()
		db.Statement.SQL.WriteString(sql)
		first, second := TextOf(db), TextOf(db)
		if first.SQL != sql || &first.Words[0] != &second.Words[0] {
			t.Errorf("got %+v and %+v", first, second)
		}
	}
}
