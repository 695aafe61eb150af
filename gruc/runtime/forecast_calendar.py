"""What a `ForecastPredictor` knows of the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..sequences import Holidays

if TYPE_CHECKING:  # importing it takes time
    from numpy.typing import NDArray


class CalendarMixin:
    """Classes have `columns`, `calendar` and ``_with(**changes)``."""

    columns: Any
    calendar: Any
    _with: Any

    def with_calendar(self, calendar):
        """The same, which knows by this `Calendar` where the times of its series end."""
        return self._with(calendar=calendar)

    def with_holidays(self, dates: Any) -> Self:
        """The same with other holidays, for a model that reads them.

        A file has those of the 20 years that follow the series, as the package `holidays` knew them when it
        was written.

        Parameters
        ----------
        dates : array of datetime64, or what `numpy.asarray` makes one of
            Holidays of all years, from the first to the last of them, in which forecasts are made.

        Raises
        ------
        ValueError
            The model reads no holidays; or there are no dates, or missing ones.
        """
        if "holidays" not in self.columns.calendar:
            raise ValueError("The model reads no holidays. Fit with calendar=('holidays',).")
        return self._with(calendar=self.calendar._replace(holidays=Holidays.of(dates)))

    def calendar_columns(self, times: Any) -> NDArray[np.float64]:
        """What the model reads of times, as exported graphs and headers take it behind the columns of X.

        Parameters
        ----------
        times : array of datetime64 of shape (n,)
            On the clocks of the place.

        Returns
        -------
        ndarray of shape (n, n_columns)
            Sine and cosine of each cycle, and 1 on holidays, in the order of `calendar` of the fit.

        Raises
        ------
        ValueError
            The model reads no calendar, or holidays of these years are not known.
        """
        if self.calendar is None:
            raise ValueError("The model reads no calendar.")
        return self.calendar.columns(np.asarray(times, "M8").astype("M8[us]"))
