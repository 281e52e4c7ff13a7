package blog

import (
	"context"
	"fmt"
	"time"

	"github.com/timak-go/timak/timak"
)

// People is a page of a list of users, the newest follow first. Such lists come from the
// table of follows: they are not timelines.
type People struct {
	Names []string
	Next  string // the cursor of the next page; empty on the last one
}

// Followers reads a page of the users who follow an author. It returns timak.ErrLimit or
// ErrCursor for a bad query.
func (b *Blog) Followers(ctx context.Context, author User, query timak.Query) (People, error) {
	return b.people(ctx, followers, author, query)
}

// Following reads a page of the authors whom a user follows, as Followers does.
func (b *Blog) Following(ctx context.Context, user User, query timak.Query) (People, error) {
	return b.people(ctx, following, user, query)
}

// side is one of the two ways to look at follows.
type side struct {
	name  string // in cursors
	owner string // the column of the user whose list it is
	other string // the column of those who are on it
}

var (
	followers = side{name: "followers", owner: "author_id", other: "follower_id"}
	following = side{name: "following", owner: "follower_id", other: "author_id"}
)

// defaultPeople is how many people a page has if the query does not say.
const defaultPeople = 20

// people reads one person more than the page has, to see whether there are more.
func (b *Blog) people(ctx context.Context, s side, owner User, query timak.Query) (People, error) {
	limit := query.Limit
	if limit == 0 {
		limit = defaultPeople
	}
	if limit < 0 || limit > timak.MaxLimit {
		return People{}, timak.ErrLimit
	}
	db := b.db.WithContext(ctx).Model(&Follow{}).Where(s.owner+" = ?", owner.ID)
	if query.Cursor != "" {
		at, err := parsePlace(s, owner, query.Cursor)
		if err != nil {
			return People{}, err
		}
		db = db.Where(fmt.Sprintf("(follows.created_at, %s) < (?, ?)", s.other), at.date, at.user)
	}
	var rows []person
	err := db.Joins("JOIN users ON users.id = " + s.other).
		Select("users.id, users.name, follows.created_at AS since").
		Order(fmt.Sprintf("follows.created_at DESC, %s DESC", s.other)).
		Limit(limit + 1).Scan(&rows).Error
	return peoplePage(s, owner, rows, limit), err
}

// person is a row of a list of people.
type person struct {
	ID    uint
	Name  string
	Since time.Time
}

func peoplePage(s side, owner User, rows []person, limit int) People {
	var page People
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		page.Next = place{date: last.Since, user: int64(last.ID)}.cursor(s, owner)
	}
	for _, row := range rows {
		page.Names = append(page.Names, row.Name)
	}
	return page
}

// MaxPeople is the most that CountPeople counts to.
const MaxPeople = 10_000

// CountPeople returns how many people follow a user, and how many the user follows, each up
// to MaxPeople.
func (b *Blog) CountPeople(ctx context.Context, user User) (followed, follows int, err error) {
	if followed, err = b.count(ctx, followers, user); err != nil {
		return 0, 0, err
	}
	follows, err = b.count(ctx, following, user)
	return followed, follows, err
}

func (b *Blog) count(ctx context.Context, s side, owner User) (int, error) {
	db := b.db.WithContext(ctx)
	var n int64
	rows := db.Model(&Follow{}).Select("1").Where(s.owner+" = ?", owner.ID).Limit(MaxPeople)
	err := db.Table("(?) AS counted", rows).Count(&n).Error
	return int(n), err
}
