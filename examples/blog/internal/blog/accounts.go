package blog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/crypto/bcrypt"
	"gorm.io/gorm"
)

// HashCost is how much work the hash of a password is. Only tests change it, before any
// blog is open: most of their time would go into hashes.
var HashCost = bcrypt.DefaultCost

// SignUp creates an account and logs it in. It returns the user and the new
// session's token, an *InvalidError, or ErrNameTaken.
func (b *Blog) SignUp(ctx context.Context, name, password string) (User, string, error) {
	if err := cmp.Or(checkName(name), checkPassword(password)); err != nil {
		return User{}, "", err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), HashCost)
	if err != nil {
		return User{}, "", fmt.Errorf("hash a password: %w", err)
	}
	user := User{Name: name, NameKey: strings.ToLower(name), PasswordHash: string(hash)}
	var token string
	err = b.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&user).Error; err != nil {
			return err
		}
		token, err = startSession(tx, user)
		return err
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return User{}, "", ErrNameTaken
	}
	return user, token, err
}

// LogIn starts a session and returns its token, or ErrLogin. It takes as long for
// an unknown name as for a wrong password.
func (b *Blog) LogIn(ctx context.Context, name, password string) (string, error) {
	user, err := b.User(ctx, name)
	if errors.Is(err, ErrNotFound) {
		_ = bcrypt.CompareHashAndPassword(nobodysHash(), []byte(password))
		return "", ErrLogin
	}
	if err != nil {
		return "", err
	}
	if !user.hasPassword(password) {
		return "", ErrLogin
	}
	var token string
	err = b.db.WithContext(ctx).Transaction(func(tx *gorm.DB) (err error) {
		if err := lockUser(tx, share, user.ID, ErrLogin); err != nil {
			return err
		}
		token, err = startSession(tx, user)
		return err
	})
	return token, err
}

func (u User) hasPassword(password string) bool {
	return len(password) <= maxPassword && bcrypt.CompareHashAndPassword([]byte(u.PasswordHash), []byte(password)) == nil
}

// nobodysHash is compared with the passwords of unknown users.
var nobodysHash = sync.OnceValue(func() []byte {
	hash, err := bcrypt.GenerateFromPassword([]byte("nobody"), HashCost)
	if err != nil {
		panic(err) // happens only if the cost is out of range
	}
	return hash
})

// User returns the user with this name, ignoring case, or ErrNotFound.
func (b *Blog) User(ctx context.Context, name string) (User, error) {
	if checkName(name) != nil {
		return User{}, ErrNotFound
	}
	var user User
	err := b.db.WithContext(ctx).Where("name_key = ?", strings.ToLower(name)).Take(&user).Error
	return user, one(err)
}
