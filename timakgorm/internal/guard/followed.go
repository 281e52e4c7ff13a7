package guard

import (
	"slices"

	"gorm.io/gorm"
)

// followSetting is the GORM setting that holds the names of the tables which raw SQL
// may write; nil means all.
const followSetting = "timak:follow"

// LetPass returns a session of db in which raw SQL may write the tables with these
// names; nil means all.
func LetPass(db *gorm.DB, tables []string) *gorm.DB {
	return db.Session(&gorm.Session{NewDB: true}).Set(followSetting, tables).Session(&gorm.Session{})
}

// FollowedIn reports whether raw SQL may write a table in a session.
func FollowedIn(db *gorm.DB, table string) bool {
	value, _ := db.Get(followSetting)
	tables, ok := value.([]string)
	return ok && (tables == nil || slices.Contains(tables, table))
}
