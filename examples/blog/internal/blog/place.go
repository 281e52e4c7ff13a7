package blog

import (
	"encoding/base64"
	"fmt"
	"time"
)

// place is where a page of a list of people ends: at a follow.
type place struct {
	date time.Time // of the follow
	user int64     // the id of the user on the list
}

// cursor returns a place as text, which names the list it belongs to.
func (p place) cursor(s side, owner User) string {
	text := fmt.Sprintf("%s %d %d %d", s.name, owner.ID, p.date.UnixNano(), p.user)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// parsePlace returns the place of a cursor of this list, or ErrCursor.
func parsePlace(s side, owner User, cursor string) (place, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return place{}, ErrCursor
	}
	var (
		list       string
		id         uint
		nanosecond int64
		user       int64
	)
	if _, err := fmt.Sscanf(string(text), "%s %d %d %d", &list, &id, &nanosecond, &user); err != nil {
		return place{}, ErrCursor
	}
	p := place{date: time.Unix(0, nanosecond).UTC(), user: user}
	if cursor != p.cursor(s, owner) { // of another list, or written differently
		return place{}, ErrCursor
	}
	return p, nil
}
