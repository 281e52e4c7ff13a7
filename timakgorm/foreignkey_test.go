package timakgorm_test

import (
	"sync"
	"testing"

	"gorm.io/gorm"
)

// Reply refers to a post by a foreign key.
type Reply struct {
	ID     uint
	PostID uint
}

// TestForeignKeys: the plugin's locks let others refer to a row, as the update
// itself does. Otherwise two transactions that each add a reply and then update
// its post would wait for each other.
func TestForeignKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", models: []any{&Author{}, &Post{}, &Reply{}}})
	w.must(w.db.Exec("ALTER TABLE replies ADD FOREIGN KEY (post_id) REFERENCES posts (id)").Error)
	w.seed()
	var replied sync.WaitGroup
	replied.Add(2)
	write := func(title string) func() {
		return func() {
			err := w.db.Transaction(func(tx *gorm.DB) error {
				err := tx.Create(&Reply{PostID: 10}).Error
				replied.Done()
				replied.Wait()
				return first(err, tx.Model(&Post{ID: 10}).Update("title", title).Error)
			})
			if err != nil {
				t.Errorf("%s: %v", title, err)
			}
		}
	}
	atOnce(write("one"), write("other"))
	w.check()
}
