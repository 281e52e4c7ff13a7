package blog

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"gorm.io/gorm"
)

// SessionLife is how long a session lasts.
const SessionLife = 30 * 24 * time.Hour

// MaxSessions is how many sessions a user may have. A further one ends the oldest.
const MaxSessions = 50

// startSession returns the token of a new session, and deletes expired ones, and the user's
// oldest. The caller has locked the user, or just made it.
func startSession(db *gorm.DB, user User, network string) (string, error) {
	now := time.Now()
	if err := db.Where("expires_at <= ?", now.Unix()).Delete(&Session{}).Error; err != nil {
		return "", err
	}
	newest := db.Model(&Session{}).Select("token_hash").Where("user_id = ?", user.ID).
		Order("expires_at DESC, token_hash").Limit(MaxSessions - 1)
	if err := db.Where("user_id = ? AND token_hash NOT IN (?)", user.ID, newest).Delete(&Session{}).Error; err != nil {
		return "", err
	}
	token := rand.Text()
	return token, db.Create(&Session{
		TokenHash: tokenHash(token),
		UserID:    user.ID,
		Network:   network,
		ExpiresAt: now.Add(SessionLife).Unix(),
	}).Error
}

// Viewer returns the user whose session the token belongs to, or ErrSession.
func (b *Blog) Viewer(ctx context.Context, token string) (User, error) {
	var user User
	db := b.db.WithContext(ctx)
	session := db.Model(&Session{}).Select("user_id").
		Where("token_hash = ? AND expires_at > ?", tokenHash(token), time.Now().Unix())
	err := db.Where("id = (?)", session).Take(&user).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return User{}, ErrSession
	}
	return user, err
}

// HasBeenAt reports whether a user, by name, has a session that began in a network.
func (b *Blog) HasBeenAt(ctx context.Context, name, network string) (bool, error) {
	user, err := b.User(ctx, name)
	if errors.Is(err, ErrNotFound) || network == "" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var n int64
	err = b.db.WithContext(ctx).Model(&Session{}).
		Where("user_id = ? AND network = ? AND expires_at > ?", user.ID, network, time.Now().Unix()).Count(&n).Error
	return n > 0, err
}

// LogOut ends the session the token belongs to, if there is one.
func (b *Blog) LogOut(ctx context.Context, token string) error {
	return b.db.WithContext(ctx).Where("token_hash = ?", tokenHash(token)).Delete(&Session{}).Error
}

// tokenHash needs neither salt nor a slow hash: tokens are random.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
