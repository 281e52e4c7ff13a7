package hooks_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestCarry_sameText: statements that GORM writes with the same text, from other clauses and
// with other values, are recorded each.
func TestCarry_sameText(t *testing.T) {
	t.Parallel()
	w := carryWorld(t)
	count := carries(w)
	db := w.DB.Unscoped().Session(&gorm.Session{AllowGlobalUpdate: true})
	swallows := func(author, id int) error { // the expression contains the statement's WHERE
		return db.Model(&world.Post{}).UpdateColumn("author_id", gorm.Expr(`? WHERE "id" = ?`, author, id)).Error
	}
	if swallows(9, 10) == nil {
		t.Error("an expression with a WHERE in it carries: want an error, as the text is cut elsewhere")
	}
	for round := range 2 {
		w.Must(db.Model(&world.Post{ID: 10}).UpdateColumn("author_id", 10+round).Error)
		w.Must(db.Model(&world.Post{}).Where(`"id" = ?`, 11).UpdateColumn("author_id", 20+round).Error)
		w.Must(swallows(30+round, 12))
		w.WantIDs(fmt.Sprintf("author:%d:posts", 10+round), "posts:10")
		w.WantIDs(fmt.Sprintf("author:%d:posts", 20+round), "posts:11")
		w.WantIDs(fmt.Sprintf("author:%d:posts", 30+round), "posts:12")
	}
	var post world.Post
	w.Must(db.Model(&post).Clauses(clause.Returning{Columns: []clause.Column{{Name: "title"}}}).Where(`"id" = ?`, 11).UpdateColumn("author_id", 7).Error)
	if post.Title != "1" {
		t.Errorf("got %+v", post)
	}
	if n := count(); n != 8 {
		t.Errorf("%d statements have carried a record, want 8", n)
	}
	w.Check()
}
