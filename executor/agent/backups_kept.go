package agent

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/nsynapse/recipe/executor/backups"
	"github.com/nsynapse/recipe/lang/addr"
)

// PruneBackupsRequest asks for old backups of an instance to be removed, also of a stack that is gone.
type PruneBackupsRequest struct {
	Stack    string        `json:"stack"`
	Instance addr.Instance `json:"instance"`
	Keep     int           `json:"keep,omitempty"`    // at most so many; 0 is all
	MaxAge   time.Duration `json:"max_age,omitempty"` // none that is older; 0 is any age
	// Only are the IDs that may be removed, which somebody has agreed to; with none it is only told which would be.
	Only []string `json:"only,omitempty"`
}

// pruneBackups removes backups, or tells which would be.
func (a *Agent) pruneBackups(q PruneBackupsRequest) ([]BackupInfo, error) {
	if q.Keep < 0 || q.MaxAge < 0 || q.Keep == 0 && q.MaxAge == 0 {
		return nil, &Problem{Message: "it was not said which backups are kept", Hint: "-keep=7 keeps the seven newest, -max-age=720h those of the last thirty days."}
	}
	shelf := a.shelf(q.Stack, q.Instance)
	list, err := shelf.List()
	if err != nil {
		return nil, err
	}
	gone := backups.Retention{Keep: q.Keep, MaxAge: q.MaxAge}.Excess(list, time.Now())
	if q.Only != nil {
		gone = slices.DeleteFunc(gone, func(b backups.Backup) bool { return !slices.Contains(q.Only, b.ID) })
		err = shelf.Remove(gone)
	}
	infos := []BackupInfo{}
	for _, b := range gone {
		infos = append(infos, infoOf(nameOf(q.Instance), b))
	}
	return infos, err
}

// verifyBackup reads all of a backup.
func (a *Agent) verifyBackup(stack string, at addr.Instance, id string) (BackupInfo, error) {
	info, err := a.findBackup(stack, at, id)
	if err != nil {
		return info, err
	}
	opened, err := a.openBackup(info.File, "")
	if err != nil {
		return info, err
	}
	return info, opened.Close()
}

// sendBackup answers with the archive of a backup: in clear, or encrypted for a recipient.
func (a *Agent) sendBackup(w http.ResponseWriter, stack string, at addr.Instance, id, recipient string) error {
	info, err := a.findBackup(stack, at, id)
	if err != nil {
		return err
	}
	opened, err := a.openBackup(info.File, "")
	if err != nil {
		return err
	}
	defer opened.Close()
	archive, err := opened.Archive()
	if err != nil {
		return err
	}
	if recipient == "" {
		_, err = io.Copy(w, archive)
		return cutOff(err)
	}
	sealed, err := backups.SealFor(recipient, w)
	if err != nil {
		return &Problem{Message: err.Error()}
	}
	_, err = io.Copy(sealed, archive)
	return cutOff(errors.Join(err, sealed.Close()))
}

// errCutOff says that an answer was begun and not ended.
var errCutOff = errors.New("the answer was cut off")

func cutOff(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errCutOff, err)
}

// handleBackupContent answers GET /v1/backups/content.
func (a *Agent) handleBackupContent(w http.ResponseWriter, r *http.Request) {
	at, err := addr.Parse(r.FormValue("instance"))
	if err == nil {
		w.Header().Set("Content-Type", "application/octet-stream")
		err = a.sendBackup(w, r.FormValue("stack"), at, r.FormValue("id"), r.FormValue("recipient"))
	}
	switch {
	case errors.Is(err, errCutOff):
		panic(http.ErrAbortHandler) // so that the client sees that it is not all
	case err != nil:
		fail(w, err)
	}
}
