package guard_test

import (
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// readPosts is a query of 300 bytes.
const readPosts = `SELECT p.id, p.title, p.body, p.updated_at, a.name AS author, count(c.id) AS others
FROM posts p JOIN authors a ON a.id = p.author_id LEFT JOIN posts c ON c.author_id = p.author_id
WHERE p.published AND p.deleted_at IS NULL AND p.created_at > ? AND a.name <> 'nobody'
GROUP BY p.id, a.name ORDER BY p.id LIMIT 20`

// BenchmarkRawSelect reads by SQL of the user's own, without the plugin and with
// it, from SQLite, where there is no way to the database to hide what it costs.
func BenchmarkRawSelect(b *testing.B) {
	read := func(b *testing.B, db *gorm.DB) {
		b.Helper()
		b.ReportAllocs()
		for b.Loop() {
			if err := db.Raw(readPosts, world.At(0)).Scan(&[]struct{ ID uint }{}).Error; err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("without the plugin", func(b *testing.B) {
		db := world.OpenDB(b, "sqlite", nil)
		if err := db.AutoMigrate(&world.Author{}, &world.Post{}); err != nil {
			b.Fatal(err)
		}
		read(b, db)
	})
	for _, capture := range world.Captures {
		b.Run(capture.Name, func(b *testing.B) {
			options := &timakgorm.Options{Deliver: timakgorm.OnCommit}
			read(b, world.NewBy(b, capture.Capture, world.Setup{Dialect: "sqlite", Options: options}).DB)
		})
	}
}
