package blog

import (
	"cmp"

	"gorm.io/gorm"
)

// Rows of earlier releases may hold what title, body and comment keep out now. It is left out
// when they are read; an edit leaves it out for good.

// AfterFind is called by GORM.
func (p *Post) AfterFind(*gorm.DB) error {
	p.Title, p.Body = shownTitle(p.Title), clean(p.Body)
	return nil
}

// AfterFind is called by GORM.
func (s *Summary) AfterFind(*gorm.DB) error {
	s.Title, s.Excerpt = shownTitle(s.Title), clean(s.Excerpt)
	return nil
}

// AfterFind is called by GORM.
func (c *Comment) AfterFind(*gorm.DB) error {
	c.Body = clean(c.Body)
	return nil
}

// shownTitle returns a stored title as one line in which something can be seen. It is empty if
// the title is, which was not read then.
func shownTitle(s string) string {
	if s == "" {
		return ""
	}
	return cmp.Or(oneLine(s), "Untitled")
}
