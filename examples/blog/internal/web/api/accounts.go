package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

func (a *api) signUp(c echo.Context) error {
	var given credentials
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := a.limits.SignUp(c); err != nil {
		return err
	}
	user, token, err := a.blog.SignUp(c.Request().Context(), given.Name, given.Password, request.Network(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, struct {
		ID    uint   `json:"id"`
		Name  string `json:"name"`
		Token string `json:"token"`
	}{user.ID, user.Name, token})
}

func (a *api) logIn(c echo.Context) error {
	var given credentials
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := a.limits.Guess(c, given.Name); err != nil {
		return err
	}
	token, err := a.blog.LogIn(c.Request().Context(), given.Name, given.Password, request.Network(c))
	if err != nil {
		return err
	}
	a.limits.Guessed(given.Name)
	return c.JSON(http.StatusOK, map[string]string{"token": token})
}

// logOut ends the session of the token.
func (a *api) logOut(c echo.Context, _ blog.User) error {
	if err := a.blog.LogOut(c.Request().Context(), callerToken(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func callerToken(c echo.Context) string {
	return bearerToken(c.Request().Header.Get(echo.HeaderAuthorization))
}

type accountJSON struct {
	ID        uint      `json:"id"`
	Name      string    `json:"name"`
	About     string    `json:"about"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *api) account(c echo.Context, user blog.User) error {
	return c.JSON(http.StatusOK, accountJSON{user.ID, user.Name, user.About, user.CreatedAt.UTC()})
}

func (a *api) describe(c echo.Context, user blog.User) error {
	var given struct {
		About *string `json:"about"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	if given.About != nil {
		var err error
		if user, err = a.blog.Describe(c.Request().Context(), user, *given.About); err != nil {
			return err
		}
	}
	return a.account(c, user)
}

// changePassword ends the sessions of all other tokens.
func (a *api) changePassword(c echo.Context, user blog.User) error {
	var given struct {
		Old      string `json:"old"`
		Password string `json:"password"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := a.limits.Confirm(user); err != nil {
		return err
	}
	if err := a.blog.ChangePassword(c.Request().Context(), user, callerToken(c), given.Old, given.Password); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// deleteAccount asks for the password again, as tokens are easier to steal.
func (a *api) deleteAccount(c echo.Context, user blog.User) error {
	var given struct {
		Password string `json:"password"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := a.limits.Confirm(user); err != nil {
		return err
	}
	if err := a.blog.DeleteAccount(c.Request().Context(), user, given.Password); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
