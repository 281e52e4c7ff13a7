package script

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

// Config says what is measured.
type Config struct {
	Scale    float64       // 1 is 100,000 users
	Seed     uint64        // of all that is drawn
	Mixes    []string      // names, in order
	Rates    []float64     // operations a second, in order, for each mix
	Time     time.Duration // for each side, mix and rate
	Turns    int           // in how many turns it is measured, the sides one after the other in each
	Capacity int           // how many posts a home feed keeps
	Posts    int           // by each user, to begin with
	Payload  int           // the size of a post's body, in bytes
	Checked  int           // the number of users whose pages are compared with SQL at the end
}

const (
	fullUsers  = 100_000
	fewestUser = 50
)

// Users returns the number of users.
func (c Config) Users() int { return int(c.Scale*fullUsers + 0.5) }

// Check returns an error that says what was expected.
func (c Config) Check() error {
	if c.Users() < fewestUser {
		return fmt.Errorf("feedmix: scale %v: expected at least %v, which is %d users", c.Scale, float64(fewestUser)/fullUsers, fewestUser)
	}
	if len(c.Mixes) == 0 || len(c.Rates) == 0 {
		return fmt.Errorf("feedmix: mixes %v, rates %v: expected at least one of each", c.Mixes, c.Rates)
	}
	for _, name := range c.Mixes {
		if _, err := MixOf(name); err != nil {
			return err
		}
	}
	if least := slices.Min(c.Rates); least <= 0 {
		return fmt.Errorf("feedmix: rate %v: expected more than 0 operations a second", least)
	}
	if c.Turns < 1 || c.Time < time.Duration(c.Turns) || c.Capacity < feed.PageLimit || c.Capacity%feed.PageLimit != 0 || c.Posts < 1 || c.Payload < 1 || c.Checked < 1 {
		return fmt.Errorf("feedmix: expected a time, turns, posts, a payload and users to check above 0, and a capacity of whole pages of %d; got %+v", feed.PageLimit, c)
	}
	return nil
}

// MixOf returns the mix of a name.
func MixOf(name string) (Mix, error) {
	var names []string
	for _, mix := range Mixes {
		if mix.Name == name {
			return mix, nil
		}
		names = append(names, mix.Name)
	}
	return Mix{}, fmt.Errorf("feedmix: no mix %q: expected one of %s", name, strings.Join(names, ", "))
}

// What is drawn from the seed, each from numbers of its own.
const (
	StreamGraph uint64 = iota
	StreamPosts
	streamScript
	StreamChecked
)

// Rand returns the numbers of what is drawn.
func (c Config) Rand(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(c.Seed, stream)) }
