package timelines

import (
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// posts is a row of the table, as an application of timak has it.
type posts struct {
	ID        uint64 `gorm:"primaryKey;autoIncrement:false"`
	AuthorID  uint32
	CreatedAt time.Time
	Body      string

	_ timakgorm.Timeline `timak:"audience=followers; source=author:{AuthorID}; data=Body"`
	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; data=Body"`
}

// TableName implements schema.Tabler.
func (posts) TableName() string { return "posts" }

type follows struct {
	FollowerID uint32 `gorm:"primaryKey;autoIncrement:false"`
	AuthorID   uint32 `gorm:"primaryKey;autoIncrement:false"`

	_ timakgorm.Subscription `timak:"audience=followers; key=user:{FollowerID}:home; source=author:{AuthorID}"`
}

// TableName implements schema.Tabler.
func (follows) TableName() string { return "follows" }
