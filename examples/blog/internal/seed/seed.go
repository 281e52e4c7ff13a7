// Package seed fills a blog with something worth looking at: users who follow each other,
// and a year of posts and comments.
package seed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// Plan is what is made. The same plan makes the same texts.
type Plan struct {
	Users, Posts int
	Password     string    // of all users
	Now          time.Time // when the newest post was published
}

// span is how far back the posts go.
const span = 365 * 24 * time.Hour

// batch is how many posts are written at once.
const batch = 500

// seeding is a plan that is being carried out.
type seeding struct {
	Plan

	blog *blog.Blog
	rand *rand.Rand
	hash string

	users    []blog.User
	authors  *rand.Zipf // some write much, most a little
	progress func(posts int)

	sentences []string // patterns of sentences that the post has not had yet
}

// Run carries out a plan, and returns the names of the users, the busiest author first.
// progress is called now and then with how many posts there are.
func Run(ctx context.Context, b *blog.Blog, plan Plan, progress func(posts int)) ([]string, error) {
	if plan.Users < 1 || plan.Posts < 0 {
		return nil, errors.New("expected at least one user, and no fewer than 0 posts")
	}
	hash, err := blog.HashPassword(plan.Password)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(uint64(plan.Users), uint64(plan.Posts))) //nolint:gosec // texts are no secrets
	s := &seeding{
		Plan: plan, blog: b, rand: random, hash: hash,
		authors: rand.NewZipf(random, 1.2, 4, uint64(plan.Users-1)), progress: progress,
	}
	if err := s.addUsers(ctx); err != nil {
		return nil, err
	}
	if err := s.addPosts(ctx); err != nil {
		return nil, err
	}
	names := make([]string, len(s.users))
	for i, user := range s.users {
		names[i] = user.Name
	}
	return names, nil
}

// addUsers makes users, and lets each follow some of them.
func (s *seeding) addUsers(ctx context.Context) error {
	begun := s.Now.Add(-span - 24*time.Hour)
	rows, chosen := &blog.Rows{}, map[string]bool{}
	for n := range s.Users {
		name, err := s.freeName(ctx, n, chosen)
		if err != nil {
			return err
		}
		user, err := blog.NewUser(name, s.hash)
		if err != nil {
			return err
		}
		user.About, user.CreatedAt = s.about(), begun.Add(time.Duration(n)*time.Second)
		rows.Users = append(rows.Users, user)
	}
	if err := s.blog.Fill(ctx, rows); err != nil {
		return err
	}
	s.users = rows.Users
	return s.blog.Fill(ctx, &blog.Rows{Follows: s.follows(begun)})
}

// freeName chooses the nth name, with a number if it is taken or chosen already.
func (s *seeding) freeName(ctx context.Context, n int, chosen map[string]bool) (string, error) {
	name := names[n%len(names)]
	for round := n/len(names) + 1; ; round++ {
		tried := name
		if round > 1 {
			tried = fmt.Sprint(name, round)
		}
		if chosen[tried] {
			continue
		}
		_, err := s.blog.User(ctx, tried)
		if errors.Is(err, blog.ErrNotFound) {
			chosen[tried] = true
			return tried, nil
		}
		if err != nil {
			return "", err
		}
	}
}

// follows returns whom each user follows: up to twelve authors, more often busy ones.
func (s *seeding) follows(begun time.Time) (all []blog.Follow) {
	for _, user := range s.users {
		followed := map[uint]bool{user.ID: true}
		for range s.rand.IntN(12) + 1 {
			author := s.author()
			if followed[author.ID] {
				continue
			}
			followed[author.ID] = true
			since := begun.Add(time.Duration(s.rand.Int64N(int64(span))))
			all = append(all, blog.Follow{FollowerID: user.ID, AuthorID: author.ID, CreatedAt: since.Truncate(time.Microsecond)})
		}
	}
	return all
}

func (s *seeding) author() blog.User { return s.users[s.authors.Uint64()] }

// addPosts writes posts from the oldest to the newest, and comments under them.
func (s *seeding) addPosts(ctx context.Context) error {
	for done := 0; done < s.Posts; {
		n := min(batch, s.Posts-done)
		rows := &blog.Rows{}
		for i := range n {
			rows.Posts = append(rows.Posts, s.post(done+i))
		}
		if err := s.blog.Fill(ctx, rows); err != nil {
			return err
		}
		if err := s.blog.Fill(ctx, &blog.Rows{Comments: s.comments(rows.Posts)}); err != nil {
			return err
		}
		done += n
		s.progress(done)
	}
	return nil
}

// post returns the nth post. Now and then one is a draft, and one was edited.
func (s *seeding) post(n int) blog.Post {
	author, date := s.author(), s.date(n)
	post := blog.Post{AuthorID: author.ID, AuthorName: author.Name, CreatedAt: date, UpdatedAt: date}
	post.Title, post.Body = s.text()
	if s.rand.IntN(40) == 0 {
		post.Draft = true
		return post
	}
	post.PublishedAt = &date
	if s.rand.IntN(12) == 0 {
		edited := date.Add(time.Duration(s.rand.Int64N(int64(s.Now.Sub(date)) + 1))).Truncate(time.Microsecond)
		post.EditedAt, post.UpdatedAt = &edited, edited
	}
	return post
}

// date returns when the nth post was published; the last one was now.
func (s *seeding) date(n int) time.Time {
	step := span / time.Duration(s.Posts)
	late := time.Duration(0)
	if n < s.Posts-1 {
		late = time.Duration(s.rand.Int64N(int64(step)))
	}
	return s.Now.Add(-step*time.Duration(s.Posts-1-n) + late).Add(-late / 2).Truncate(time.Microsecond)
}

// comments returns comments under posts: most have none or a few.
func (s *seeding) comments(posts []blog.Post) (all []blog.Comment) {
	for _, post := range posts {
		if post.Draft {
			continue
		}
		for range int(s.rand.ExpFloat64() * 2) {
			reader := s.users[s.rand.IntN(len(s.users))]
			date := post.CreatedAt.Add(time.Duration(s.rand.ExpFloat64() * float64(8*time.Hour)))
			if date.After(s.Now) {
				date = s.Now
			}
			all = append(all, blog.Comment{
				PostID: post.ID, AuthorID: reader.ID, AuthorName: reader.Name,
				Body: s.remark(), CreatedAt: date.Truncate(time.Microsecond),
			})
		}
	}
	return all
}
