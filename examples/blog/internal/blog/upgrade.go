package blog

import (
	"fmt"
	"log/slog"
	"strings"

	"gorm.io/gorm"
)

// errWaiting is returned if changes of posts wait that a release without dates of publication
// has recorded. They do not say where they had put the posts: nobody could take them off the
// timelines again.
func errWaiting(n int64) error {
	return fmt.Errorf("%d changes of posts wait since an earlier release: start that release once more, stop it with Ctrl-C or SIGTERM, and then start this one", n)
}

// checkWaiting returns errWaiting or nil. It changes nothing, so that the earlier release can
// apply the changes. That release may have run after this one: what counts is who wrote them.
func checkWaiting(db *gorm.DB) error {
	n, err := changesWithoutDates(db, "timak_outbox")
	if err == nil && n > 0 {
		err = errWaiting(n)
	}
	return err
}

// warnOfDead logs that changes which an earlier release has recorded could not be applied.
func warnOfDead(db *gorm.DB, log *slog.Logger) error {
	n, err := changesWithoutDates(db, "timak_dead")
	if err == nil && n > 0 {
		log.Warn("blog: changes of posts by an earlier release could not be applied and are in timak_dead: "+
			"stop all blogs and run \"blog rebuild\", which makes the timelines match the tables", "changes", n)
	}
	return err
}

// changesWithoutDates returns how many changes of posts in one of timak's tables have an image
// without a date of publication. An image of nothing at all says that the row is not known.
func changesWithoutDates(db *gorm.DB, table string) (n int64, err error) {
	if !db.Migrator().HasTable(table) {
		return 0, nil
	}
	lacks := "(%[1]s IS NOT NULL AND CAST(%[1]s AS text) <> '{}' AND json_type(%[1]s, '$.published_at') IS NULL)"
	if db.Name() == "postgres" {
		lacks = "(%[1]s IS NOT NULL AND CAST(%[1]s AS text) <> '{}' AND %[1]s -> 'published_at' IS NULL)"
	}
	where := fmt.Sprintf("tbl = 'posts' AND ("+lacks+" OR "+strings.ReplaceAll(lacks, "[1]", "[2]")+")", "old", "new")
	err = db.Table(table).Where(where).Count(&n).Error
	return n, err
}

// upgrade gives the posts of earlier releases what they lack. They were published when they
// were written, as their items on the timelines say, so no timeline changes. It runs before
// the plugin is installed, which would record each row.
func upgrade(db *gorm.DB) error {
	if err := demandDates(db); err != nil {
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
