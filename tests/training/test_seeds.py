import torch

from afina.training.seeds import seed_everything, seed_step


def test_equal_seeds_draw_equal_numbers():
    def draw(seed):
        seed_everything(seed)
        return torch.rand(4)

    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))


def test_what_a_step_draws_follows_from_its_number_alone():
    def draw(seed, step):
        seed_step(seed, step)
        return tuple(torch.rand(4).tolist())

    first = draw(3, 7)
    torch.rand(5)
    assert draw(3, 7) == first
    seeds = (0, 1, 2**32 - 1)
    assert len({draw(seed, step) for seed in seeds for step in range(200)}) == 3 * 200
