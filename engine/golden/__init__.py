"""Do the networks compute what the authors' own code computes?"""
