//go:build !go1.27

package driver

import "database/sql/driver"

func composeRows(r *rows) driver.Rows { return r }
