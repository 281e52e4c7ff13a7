package blog

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// HashCost is how much work the hash of a password is. Only tests change it, before any
// blog is open: most of their time would go into hashes.
var HashCost = bcrypt.DefaultCost

// hashOf returns what is stored of a password.
func hashOf(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword(digest(password), HashCost)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return string(hash), nil
}

func (u User) hasPassword(password string) bool {
	return bcrypt.CompareHashAndPassword([]byte(u.PasswordHash), digest(password)) == nil
}

// digest returns what bcrypt hashes of a password. It takes 72 bytes: a password with more,
// as one of 72 characters of most scripts has, goes through a hash before.
func digest(password string) []byte {
	const bcryptTakes = 72
	if len(password) <= bcryptTakes {
		return []byte(password)
	}
	sum := sha256.Sum256([]byte(password))
	return []byte(base64.StdEncoding.EncodeToString(sum[:]))
}

// nobodysHash is compared with the passwords of unknown users.
var nobodysHash = sync.OnceValue(func() string {
	hash, err := hashOf("nobody")
	if err != nil {
		panic(err) // happens only if the cost is out of range
	}
	return hash
})
