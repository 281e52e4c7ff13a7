package blog

import "errors"

var (
	// ErrNotFound is returned for what does not exist, or is hidden from the
	// viewer.
	ErrNotFound = errors.New("not found")

	// ErrForbidden is returned to users who change what another user wrote.
	ErrForbidden = errors.New("only its author may do this")

	// ErrNameTaken is returned by SignUp for a name that another user has, ignoring
	// case.
	ErrNameTaken = errors.New("this name is taken")

	// ErrLogin is returned by LogIn, whether the name or the password was wrong.
	ErrLogin = errors.New("wrong name or password")

	// ErrSession is returned by Viewer for a token without a session, and to a user
	// whose account was deleted meanwhile.
	ErrSession = errors.New("log in first")

	// ErrCursor is returned for a cursor that no page of the same list of people had
	// as its Next.
	ErrCursor = errors.New("cursor is damaged or belongs to another list: expected the next of a page of this one")

	// ErrDatabase is returned by Ready if the database does not answer.
	ErrDatabase = errors.New("the database does not answer")

	// ErrStore is returned by Ready if timelines cannot be read.
	ErrStore = errors.New("the timelines cannot be read")
)

// InvalidError is returned for a field that the user must correct. Its text is
// written for the user.
type InvalidError struct {
	Field   string
	Problem string
}

func (e *InvalidError) Error() string { return e.Field + " " + e.Problem }
