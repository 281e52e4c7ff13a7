package cascade_test

import (
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/world"
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
	w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&world.Author{}, &world.Post{}, &Reply{}}})
	w.Must(w.DB.Exec("ALTER TABLE replies ADD FOREIGN KEY (post_id) REFERENCES posts (id)").Error)
	w.Seed()
	var replied sync.WaitGroup
	replied.Add(2)
	write := func(title string) func() {
		return func() {
			err := w.DB.Transaction(func(tx *gorm.DB) error {
				err := tx.Create(&Reply{PostID: 10}).Error
				replied.Done()
				replied.Wait()
				return world.First(err, tx.Model(&world.Post{ID: 10}).Update("title", title).Error)
			})
			if err != nil {
				t.Errorf("%s: %v", title, err)
			}
		}
	}
	world.AtOnce(write("one"), write("other"))
	w.Check()
}
