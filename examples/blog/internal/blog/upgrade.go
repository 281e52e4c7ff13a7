package blog

import (
	"fmt"

	"gorm.io/gorm"
)

// checkWaiting returns an error if changes of posts wait that a release without dates of
// publication has recorded. They do not say where they had put the posts: nobody could take
// them off the timelines again. It changes nothing, so that the earlier release can apply
// them.
func checkWaiting(db *gorm.DB) error {
	tables := db.Migrator()
	if !tables.HasTable(&Post{}) || !tables.HasTable("timak_outbox") || tables.HasColumn(&Post{}, "PublishedAt") {
		return nil
	}
	var n int64
	if err := db.Table("timak_outbox").Where("tbl = ?", "posts").Count(&n).Error; err != nil || n == 0 {
		return err
	}
	return fmt.Errorf("%d changes of posts wait since an earlier release: start that release once more, stop it with Ctrl-C or SIGTERM, and then start this one", n)
}

// upgrade gives the posts of earlier releases what they lack. They were published when they
// were written, as their items on the timelines say, so no timeline changes. It runs before
// the plugin is installed, which would record each row.
func upgrade(db *gorm.DB) error {
	err := db.Exec("UPDATE posts SET published_at = created_at WHERE published_at IS NULL AND NOT draft").Error
	if err != nil {
		return err
	}
	for last := uint(0); ; {
		var posts []Post
		err := db.Unscoped().Select("id, body").Where("excerpt IS NULL AND id > ?", last).Order("id").Limit(keysBatch).Find(&posts).Error
		if err != nil || len(posts) == 0 {
			return err
		}
		if err := db.Transaction(func(tx *gorm.DB) error { return addExcerpts(tx, posts) }); err != nil {
			return err
		}
		last = posts[len(posts)-1].ID
	}
}

func addExcerpts(tx *gorm.DB, posts []Post) error {
	for _, post := range posts {
		if err := tx.Exec("UPDATE posts SET excerpt = ? WHERE id = ?", excerpt(post.Body), post.ID).Error; err != nil {
			return err
		}
	}
	return nil
}
