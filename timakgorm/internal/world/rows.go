package world

import (
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Seed is what many tests start from: five posts of two authors, one of them a
// draft, one deleted.
func (w *World) Seed() {
	w.Helper()
	w.Must(w.DB.Create(&[]Author{{ID: 1, Name: "ann"}, {ID: 2, Name: "bob"}}).Error)
	posts := make([]Post, 5)
	for i := range posts {
		posts[i] = Post{ID: uint(i + 10), AuthorID: uint(i%2 + 1), Title: fmt.Sprint("t", i), Published: i != 3, CreatedAt: At(i)}
	}
	w.Must(w.DB.Create(&posts).Error)
	w.Must(w.DB.Delete(&posts[4]).Error)
	if w.DB.Name() == "postgres" {
		w.Must(w.DB.Exec("SELECT setval('posts_id_seq', 100), setval('authors_id_seq', 100)").Error)
	}
}

// At returns a time so many minutes into the tests' year.
func At(i int) time.Time { return time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC) }

// Posts returns all posts as a text, the deleted ones too.
func (w *World) Posts() string {
	w.Helper()
	var posts []Post
	w.Must(w.DB.Unscoped().Order("id").Find(&posts).Error)
	return fmt.Sprint(posts)
}

// Reset empties the tables, through the plugin.
func (w *World) Reset() {
	w.Helper()
	all := w.DB.Session(&gorm.Session{AllowGlobalUpdate: true})
	w.Must(all.Unscoped().Delete(&Post{}).Error)
	w.Must(all.Delete(&Author{}).Error)
	w.Drain()
}
