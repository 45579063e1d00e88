"""Pictures of cameras and of other programs: decoded within limits, with what their files say of them."""
