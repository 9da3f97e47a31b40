//! Where the window stands, kept from one opening to the next. All numbers are logical pixels.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The least that the page can be shown in.
pub(super) const LEAST: (f64, f64) = (420.0, 480.0);
/// Of the window's top, this much must be on a screen for it to be moved by hand.
const GRIP: f64 = 80.0;

/// A place on the screens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// How the window stood.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    /// Where; of a maximised window, where it was before.
    pub(super) area: Area,
    pub(super) maximized: bool,
    /// Whether the position is known; not on Wayland.
    pub(super) placed: bool,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            area: Area {
                x: 0.0,
                y: 0.0,
                width: 1080.0,
                height: 720.0,
            },
            maximized: false,
            placed: false,
        }
    }
}

impl Frame {
    /// Reads how it stood; a file that is missing or says nothing sensible is none.
    pub(super) fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(file).ok()?).ok()
    }

    /// Remembers how it stands.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn write(&self, file: &Path) -> std::io::Result<()> {
        std::fs::write(file, serde_json::to_vec(self)?)
    }

    /// The same on these screens, of which some may be gone or smaller: no larger than its screen, and where no screen
    /// shows its top, left for the desktop to place.
    pub(super) fn on(mut self, screens: &[Area]) -> Self {
        let area = self.area;
        let home = screens.iter().find(|screen| screen.shows_top(&area));
        if let Some(screen) = home.or(screens.first()) {
            self.area.width = area.width.min(screen.width);
            self.area.height = area.height.min(screen.height);
        }
        self.area.width = self.area.width.max(LEAST.0);
        self.area.height = self.area.height.max(LEAST.1);
        self.placed &= home.is_some();
        self
    }
}

impl Area {
    fn shows_top(&self, other: &Self) -> bool {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let top = other.y - self.y;
        width >= GRIP && top >= 0.0 && top <= self.height - GRIP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn area(x: f64, y: f64, width: f64, height: f64) -> Area {
        Area {
            x,
            y,
            width,
            height,
        }
    }

    const SCREENS: [Area; 2] = [
        area(0.0, 0.0, 1280.0, 800.0),
        area(1280.0, 0.0, 1920.0, 1080.0),
    ];

    fn at(area: Area) -> Frame {
        Frame {
            area,
            maximized: false,
            placed: true,
        }
    }

    #[test]
    fn a_window_that_fits_stays_where_it_was() {
        for kept in [
            area(10.0, 20.0, 900.0, 600.0),
            area(1500.0, 300.0, 1400.0, 900.0),
            area(-500.0, 0.0, 900.0, 600.0),
        ] {
            assert_eq!(at(kept).on(&SCREENS), at(kept));
        }
    }

    #[test]
    fn a_window_of_a_screen_that_is_gone_is_left_for_the_desktop_to_place() {
        for lost in [
            area(1500.0, 300.0, 900.0, 600.0),
            area(100.0, 790.0, 900.0, 600.0),
            area(100.0, -90.0, 900.0, 600.0),
            area(-850.0, 10.0, 900.0, 600.0),
        ] {
            let frame = at(lost).on(&SCREENS[..1]);
            assert!(!frame.placed, "{lost:?}");
            assert_eq!((frame.area.width, frame.area.height), (900.0, 600.0));
        }
    }

    #[test]
    fn a_window_is_no_larger_than_its_screen_and_no_smaller_than_the_page() {
        let size = |wanted, screens: &[Area]| {
            let frame = at(area(0.0, 0.0, wanted, wanted)).on(screens);
            (frame.area.width, frame.area.height)
        };
        assert_eq!(size(3000.0, &SCREENS), (1280.0, 800.0));
        assert_eq!(size(10.0, &SCREENS), LEAST);
        assert_eq!(size(900.0, &[]), (900.0, 900.0));
    }

    #[test]
    fn what_was_written_is_read_and_nonsense_is_not() {
        let folder = std::env::temp_dir().join(format!("turnout-frame-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("window.json");
        assert_eq!(Frame::read(&file), None);
        let frame = at(area(1.0, 2.5, 900.0, 600.0));
        frame.write(&file).unwrap();
        assert_eq!(Frame::read(&file), Some(frame));
        std::fs::write(&file, "{\"area\":").unwrap();
        assert_eq!(Frame::read(&file), None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
