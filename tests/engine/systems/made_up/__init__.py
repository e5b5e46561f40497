"""A system that is not Tessera's, the smallest that shows all joints: it learns tones, and plays one of a pitch.

Two networks (one hears, one plays), a request of its own, data of its own and a sample sheet of its own. A test adds
it to the list of systems by one line (`made_up_system` in tests/engine/systems/test_a_new_system.py).
"""
