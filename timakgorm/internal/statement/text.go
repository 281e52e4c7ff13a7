package statement

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// textSetting is where a statement keeps its words.
const textSetting = "timak:text"

// TextWith returns the text of a statement if it may contain verbs of a kind.
// Otherwise it returns false, and the text is not cut into words.
func TextWith(db *gorm.DB, kind sqltext.Verbs) (text sqltext.Text, may bool) {
	if sqltext.VerbsIn(db.Statement.SQL.String())&kind == 0 {
		return sqltext.Text{}, false
	}
	return TextOf(db), true
}

// TextOf returns the text of a statement. The text is cut into words once, and
// again only if it changes.
func TextOf(db *gorm.DB) sqltext.Text {
	sql := db.Statement.SQL.String()
	value, _ := db.InstanceGet(textSetting)
	if known, ok := value.(sqltext.Text); ok && known.SQL == sql {
		return known
	}
	lang, _ := sqltext.LanguageOf(db.Name()) // Initialize refuses others
	text := lang.Read(sql)
	db.InstanceSet(textSetting, text)
	return text
}
