package blog

import (
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"
)

// SignUp creates an account and logs it in from a network, as LogIn does. It returns the user
// and the new session's token, an *InvalidError, or ErrNameTaken.
func (b *Blog) SignUp(ctx context.Context, name, password, network string) (User, string, error) {
	if err := checkName(name); err != nil {
		return User{}, "", err
	}
	hash, err := HashPassword(password)
	if err != nil {
		return User{}, "", err
	}
	user, err := NewUser(name, hash)
	if err != nil {
		return User{}, "", err
	}
	var token string
	err = b.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&user).Error; err != nil {
			return err
		}
		token, err = startSession(tx, user, network)
		return err
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return User{}, "", ErrNameTaken
	}
	return user, token, err
}

// LogIn starts a session and returns its token, or ErrLogin. It ends the user's oldest session
// if there are MaxSessions already. It takes as long for
// an unknown name as for a wrong password. The network is where the user is, see HasBeenAt;
// empty if that is not known.
func (b *Blog) LogIn(ctx context.Context, name, password, network string) (string, error) {
	user, err := b.User(ctx, name)
	if errors.Is(err, ErrNotFound) {
		User{PasswordHash: nobodysHash()}.hasPassword(password)
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
		// The password may have been changed meanwhile, which has ended all sessions.
		still := tx.Clauses(exclusive).Select("id").Where("password_hash = ?", user.PasswordHash).Take(&User{}, user.ID).Error
		if errors.Is(still, gorm.ErrRecordNotFound) {
			return ErrLogin
		}
		if still != nil {
			return still
		}
		token, err = startSession(tx, user, network)
		return err
	})
	return token, err
}

// ChangePassword gives a user another password, and ends all the user's sessions but the one
// with the token. It returns an *InvalidError for a wrong or a bad password, or ErrSession if
// the account is gone.
func (b *Blog) ChangePassword(ctx context.Context, user User, token, old, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	if !user.hasPassword(old) {
		return errOldPassword
	}
	hash, err := hashOf(password)
	if err != nil {
		return err
	}
	return b.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := lockUser(tx, exclusive, user.ID, ErrSession); err != nil {
			return err
		}
		// If the hash has changed meanwhile, old is not the password any more.
		changed := tx.Model(&User{}).Where("id = ? AND password_hash = ?", user.ID, user.PasswordHash).Update("password_hash", hash)
		if changed.Error == nil && changed.RowsAffected == 0 {
			return errOldPassword
		}
		return errors.Join(changed.Error, tx.Where("user_id = ? AND token_hash <> ?", user.ID, tokenHash(token)).Delete(&Session{}).Error)
	})
}

var errOldPassword = &InvalidError{"current password", "is not that of your account"}

// Describe changes what a user says about itself. It returns an *InvalidError, or ErrSession
// if the account is gone.
func (b *Blog) Describe(ctx context.Context, user User, text string) (User, error) {
	text, err := about(text)
	if err != nil {
		return user, err
	}
	user.About = text
	changed := b.db.WithContext(ctx).Model(&User{}).Where("id = ?", user.ID).Update("about", text)
	if changed.Error == nil && changed.RowsAffected == 0 {
		return user, ErrSession
	}
	return user, changed.Error
}

// User returns the user with this name, ignoring case, or ErrNotFound.
func (b *Blog) User(ctx context.Context, name string) (User, error) {
	if checkName(name) != nil {
		return User{}, ErrNotFound
	}
	var user User
	err := b.db.WithContext(ctx).Where("name_key = ?", strings.ToLower(name)).Take(&user).Error
	return user, one(err)
}
