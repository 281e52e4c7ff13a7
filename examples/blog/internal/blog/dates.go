package blog

import "gorm.io/gorm"

// demandDates gives posts that are published a date of publication, and has the database
// demand one from then on. An earlier release that runs beside this one, or after it, would
// publish posts that are on no timeline: it gets an error that names posts_published.
func demandDates(db *gorm.DB) error {
	demand := demandOnSQLite
	if db.Name() == "postgres" {
		demand = demandOnPostgres
	}
	return db.Transaction(func(tx *gorm.DB) error {
		if there, err := demand.there(tx); there || err != nil {
			return err
		}
		for _, statement := range demand.lock {
			if err := tx.Exec(statement).Error; err != nil {
				return err
			}
		}
		if there, err := demand.there(tx); there || err != nil { // another blog was faster
			return err
		}
		if err := checkWaiting(tx); err != nil { // again: nobody writes now
			return err
		}
		for _, statement := range append([]string{addDates}, demand.add...) {
			if err := tx.Exec(statement).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

const addDates = "UPDATE posts SET published_at = created_at WHERE published_at IS NULL AND NOT draft"

// demand is how a database demands dates of publication.
type demand struct {
	count string   // query of how many demands there are
	lock  []string // statements that keep others from writing posts
	add   []string // statements that make the demand
}

func (d demand) there(tx *gorm.DB) (bool, error) {
	var n int
	err := tx.Raw(d.count).Scan(&n).Error
	return n > 0, err
}

var demandOnPostgres = demand{
	count: "SELECT count(*) FROM pg_constraint WHERE conrelid = 'posts'::regclass AND conname = 'posts_published'",
	lock:  []string{"LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"},
	add:   []string{"ALTER TABLE posts ADD CONSTRAINT posts_published CHECK (draft OR published_at IS NOT NULL)"},
}

// SQLite cannot add a constraint to a table. A transaction has the database to itself.
var demandOnSQLite = demand{
	count: "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'posts' AND name = 'posts_published_update'",
	add: []string{
		"CREATE TRIGGER IF NOT EXISTS posts_published_insert BEFORE INSERT ON posts" + refuseUndated,
		"CREATE TRIGGER IF NOT EXISTS posts_published_update BEFORE UPDATE ON posts" + refuseUndated,
	},
}

const refuseUndated = ` WHEN NOT NEW.draft AND NEW.published_at IS NULL
	BEGIN SELECT RAISE(ABORT, 'posts_published: a post that is published needs a date of publication'); END`
